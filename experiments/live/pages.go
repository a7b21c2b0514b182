package live

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"path"
	"time"

	"dcae/plots"
)

//go:embed static/*
var static embed.FS

var pageTemplates = template.Must(template.ParseFS(static, "static/*.html"))

var pageTitles = map[string]string{"home": "dcae", "lab": "Lab", "results": "Results", "diagnose": "Diagnose"}

// page serves one of the server's own pages. What is on it is asked for by its script.
func (s *Server) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var b bytes.Buffer
		if err := pageTemplates.ExecuteTemplate(&b, name+".html", struct{ Name, Title string }{name, pageTitles[name]}); err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b.Bytes())
	}
}

// started stands for when the static files were last changed.
var started = time.Now()

// serveStatic serves scripts and styles. Those of charts and of the look are the ones that reports have.
func serveStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kinds := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
	kind := kinds[path.Ext(name)]
	text, err := static.ReadFile("static/" + name)
	switch name {
	case "charts.js":
		text, err = []byte(plots.ChartsJS()), nil
	case "page.css":
		text, err = []byte(plots.PageCSS()), nil
	}
	if kind == "" || err != nil {
		refuse(w, http.StatusNotFound, "there is no such page")
		return
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, name, started, bytes.NewReader(text))
}
