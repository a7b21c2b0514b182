package live

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// served is a server at work on a folder, as somebody knows it who has opened its address.
type served struct {
	*Server
	http *httptest.Server
	log  *bytes.Buffer
	t    testing.TB
}

func serve(t testing.TB, dir string) *served {
	t.Helper()
	before := runtime.NumGoroutine()
	log := &bytes.Buffer{}
	s, err := New(Options{Dir: dir, Threads: 1, AtOnce: 2, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	out := &served{s, httptest.NewServer(s), log, t}
	t.Cleanup(func() {
		s.stop()
		out.http.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.own); !os.IsNotExist(err) {
			t.Errorf("the server's own folder stays: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
		for range 100 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, and %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
	})
	return out
}

// request is one that the owner may make, unless how makes it another.
func (s *served) request(method, path string, body io.Reader, how func(*http.Request)) *http.Response {
	s.t.Helper()
	r, err := http.NewRequest(method, s.http.URL+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: s.cookie(), Value: s.Token()})
	if how != nil {
		how(r)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func (s *served) text(method, path, body string) (int, string) {
	s.t.Helper()
	answer := s.request(method, path, strings.NewReader(body), nil)
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func TestOnlyTheOwnerGetsIn(t *testing.T) {
	s := serve(t, t.TempDir())
	s.options.Name = "lab.example"
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		path   string
		how    func(*http.Request)
		status int
	}{
		"the owner":                   {"/api/queue", nil, 200},
		"no cookie":                   {"/api/queue", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		"no cookie, a page":           {"/lab", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		"another cookie":              {"/api/queue", header("Cookie", s.cookie()+"=0123"), 403},
		"the token in the address":    {"/lab?token=" + s.Token(), func(r *http.Request) { r.Header.Del("Cookie") }, 303},
		"a wrong token":               {"/lab?token=0123", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		"localhost, another port":     {"/api/queue", host("localhost:1"), 200},
		"LOCALHOST":                   {"/api/queue", host("LOCALHOST"), 200},
		"IPv6":                        {"/api/queue", host("[::1]:80"), 200},
		"the name that it listens at": {"/api/queue", host("lab.example:8350"), 200},
		"rebound DNS":                 {"/api/queue", host("evil.example"), 421},
		"rebound DNS with the token":  {"/?token=" + s.Token(), host("evil.example"), 421},
		"a name that begins alike":    {"/api/queue", host("localhost.evil.example"), 421},
		"another address":             {"/api/queue", host("10.0.0.1"), 421},
		"brackets":                    {"/api/queue", host("[::1"), 421},
		"its own origin":              {"/api/queue", header("Origin", s.http.URL), 200},
		"another origin":              {"/api/queue", header("Origin", "http://evil.example"), 403},
		"another port's origin":       {"/api/queue", header("Origin", "http://127.0.0.1:1"), 403},
		"a sandboxed page's origin":   {"/api/queue", header("Origin", "null"), 403},
		"two origins":                 {"/api/queue", func(r *http.Request) { r.Header["Origin"] = []string{s.http.URL, "http://evil.example"} }, 403},
		"asked for by another site":   {"/api/queue", header("Sec-Fetch-Site", "cross-site"), 403},
		"another port, same site":     {"/api/queue", header("Sec-Fetch-Site", "same-site"), 403},
		"a link on another site": {"/lab", func(r *http.Request) {
			header("Sec-Fetch-Site", "cross-site")(r)
			header("Sec-Fetch-Mode", "navigate")(r)
		}, 200},
		"a path that is too long":      {"/files/" + strings.Repeat("a", 5000), nil, 414},
		"the token and another's host": {"//evil.example/?token=" + s.Token(), nil, 303},
	} {
		answer := s.request("GET", c.path, nil, c.how)
		if answer.StatusCode != c.status {
			t.Errorf("%s: status %d, not %d", name, answer.StatusCode, c.status)
		}
		if to := answer.Header.Get("Location"); strings.Contains(to, "token") || strings.HasPrefix(to, "//") {
			t.Errorf("%s: it leads to %s", name, to)
		}
	}
	cookie := s.request("GET", "/?token="+s.Token(), nil, nil).Header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Errorf("the cookie is %s", cookie)
	}
}

func TestAServerOnAllAddressesTakesAddressesAndNoNames(t *testing.T) {
	s := &Server{options: Options{Name: "0.0.0.0"}}
	for host, want := range map[string]bool{"10.1.2.3:80": true, "[fe80::1]:80": true, "evil.example:80": false, "localhost": true, "": false} {
		if s.isOwnHost(host) != want {
			t.Errorf("%q is its own: %v", host, !want)
		}
	}
}

func TestNoPathLeadsOut(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(outside, "in")
	secret := filepath.Join(outside, "secret.txt")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(secret, "secret")
	write(filepath.Join(outside, "in2", "secret.txt"), "secret")
	write(filepath.Join(outside, "study", "study.json"), "{}")
	write(filepath.Join(dir, "a", "good.txt"), "good")
	for link, to := range map[string]string{"link.txt": secret, "up": outside, "relative.txt": "../secret.txt", "a/inside.txt": "good.txt"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	s := serve(t, dir)
	for _, path := range []string{"a/good.txt", "a/inside.txt"} {
		if status, text := s.text("GET", "/files/"+path, ""); status != 200 || text != "good" {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	for _, path := range []string{
		"", ".", "a", "a/", "../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "a/../../secret.txt", "a%2f..%2f..%2fsecret.txt", "link.txt", "up/secret.txt",
		"relative.txt", "../in2/secret.txt", secret, "%2f" + strings.ReplaceAll(secret, "/", "%2f"), "..%5csecret.txt", "a//good.txt", "a/./good.txt", "a/good.txt/", "a/good.txt%00",
		"CON", "a:b", "~/x", "%ff%fe",
	} {
		status, text := s.text("GET", "/files/"+path, "")
		if status == 200 || strings.Contains(text, "secret\n") || text == "secret" {
			t.Errorf("%q: %d %s", path, status, text)
		}
	}
	for _, path := range []string{"up/study", "../study", "", "."} {
		if status, text := s.text("GET", "/api/follow/"+path, ""); status == 200 {
			t.Errorf("%q is followed: %s", path, text)
		}
	}
	if _, text := s.text("GET", "/api/results", ""); text != "[]" {
		t.Errorf("found: %s", text)
	}
	for _, model := range []string{secret, "../x.keras", "/etc/x.keras", "up/x.keras", "uploads/../../x.keras", "uploads/" + strings.Repeat("0", 32) + "/x.keras", "passwd"} {
		status, text := s.text("POST", "/api/lab", `{"name":"x","question":"?","seeds":"1","groups":[{"name":"g","control":"a","arms":[{"name":"a","model":"`+model+`"}]}]}`)
		if status != 422 {
			t.Errorf("model %s: %d %s", model, status, text)
		}
		if status, text := s.text("POST", "/api/diagnoses", `{"look":true,"images":"`+model+`"}`); status != 422 {
			t.Errorf("images %s: %d %s", model, status, text)
		}
	}
}

func TestFilesOfOthersReachNothing(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"report.html", "x.svg", "x.js", "a b&c.keras"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("<script>alert(1)</script>"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, dir)
	for path, kind := range map[string]string{"report.html": "text/html; charset=utf-8", "x.svg": "application/octet-stream", "x.js": "application/octet-stream", "a%20b&c.keras": "application/octet-stream"} {
		answer := s.request("GET", "/files/"+path, nil, nil)
		policy := answer.Header.Get("Content-Security-Policy")
		if answer.StatusCode != 200 || !strings.HasPrefix(policy, "sandbox allow-scripts;") || strings.Contains(policy, "allow-same-origin") || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: %d, policy %s", path, answer.StatusCode, policy)
		}
		if answer.Header.Get("Content-Type") != kind || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, answer.Header)
		}
	}
	for _, page := range []string{"/", "/lab", "/results", "/diagnose", "/static/lab.js", "/api/queue", "/nowhere"} {
		policy := s.request("GET", page, nil, nil).Header.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %s", page, policy)
		}
	}
	for _, page := range []string{"/", "/lab", "/results", "/diagnose"} {
		_, text := s.text("GET", page, "")
		for _, inline := range []string{"<script>", " onclick=", " style=", "<style", "javascript:"} {
			if strings.Contains(text, inline) {
				t.Errorf("%s holds %s, which its policy forbids", page, inline)
			}
		}
	}
}

func TestWrongMethodsAndBodies(t *testing.T) {
	s := serve(t, t.TempDir())
	id := strings.Repeat("0", 32)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/lab", "", 405}, {"PUT", "/api/lab", "x", 405}, {"DELETE", "/files/x", "", 405}, {"GET", "/api/lab", "", 405}, {"TRACE", "/", "", 405},
		{"GET", "/nowhere", "", 404}, {"GET", "/static/lab.html", "", 404}, {"GET", "/static/..%2fserver.go", "", 404}, {"GET", "/api/lab/" + id + "/events", "", 404},
		{"POST", "/api/lab/" + id + "/go", "", 404}, {"GET", "/api/diagnoses/" + id + "/events", "", 404}, {"POST", "/api/diagnoses/" + id + "/stop", "", 404},
		{"GET", "/api/diagnoses/" + id + "/files/x", "", 404},
		{"POST", "/api/lab", "", 422}, {"POST", "/api/lab", "]", 422}, {"POST", "/api/lab", strings.Repeat("x", mostBody+1), 413},
		{"POST", "/api/lab", strings.Repeat("[", 1000), 422}, {"POST", "/api/lab/study", "{}", 422},
		{"POST", "/api/lab", `{"name":"x","question":"?","seeds":"1-5","groups":[{"name":"g","control":"a","arms":[{"name":"a"}]}]}`, 422},
		{"POST", "/api/diagnoses", "x", 400}, {"POST", "/api/diagnoses", "{}", 422}, {"POST", "/api/diagnoses", `{"model":"improved","images":"mnist"}`, 422},
		{"POST", "/api/diagnoses", `{"model":"improved","images":"mnist","seconds":-1}`, 422},
		{"POST", "/api/uploads", "x", 422}, {"POST", "/api/uploads?name=x&group=..", "x", 422}, {"POST", "/api/uploads?name=x&group=0123", "x", 422},
	} {
		if status, text := s.text(c.method, c.path, c.body); status != c.status || status >= 400 && strings.Count(text, "\n") > 1 {
			t.Errorf("%s %s %.20s: status %d, not %d: %s", c.method, c.path, c.body, status, c.status, text)
		}
	}
	if s.log.Len() > 0 {
		t.Error(s.log)
	}
}

func TestUploadsStayInTheirFolder(t *testing.T) {
	s := serve(t, t.TempDir())
	for name, want := range map[string]string{"mine.keras": "mine.keras", "../../x.npz": "x.npz", `C:\a\b.npz`: "b.npz", "a/b/.hidden": "_hidden", "\x00\n<b>.png": "", "..": ""} {
		status, text := s.text("POST", "/api/uploads?name="+strings.NewReplacer("\x00", "%00", "\n", "%0a", "\\", "%5c", "<", "%3c", ">", "%3e").Replace(name), "content")
		if status != 200 || want != "" && !strings.Contains(text, "/"+want+`"`) {
			t.Errorf("%q: %d %s", name, status, text)
		}
	}
	count := 0
	err := filepath.WalkDir(s.own, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			count++
			if filepath.Dir(filepath.Dir(path)) != filepath.Join(s.own, "uploads") {
				t.Errorf("an upload lies at %s", path)
			}
		}
		return err
	})
	if err != nil || count != 6 {
		t.Errorf("%d uploads, error %v", count, err)
	}
}

// Several files that were dropped together lie in a folder that is called after them, as reports then call it.
func TestUploadsOfSeveralFilesAreCalledAfterThem(t *testing.T) {
	s := serve(t, t.TempDir())
	for folder, want := range map[string]string{"a.png%20and%201%20more": "a.png and 1 more", "../../x": "_._.._x", "..": "__"} {
		group, at := "", ""
		for _, name := range []string{"a.png", "b.png"} {
			var u uploaded
			_, text := s.text("POST", "/api/uploads?name="+name+"&folder="+folder+"&group="+group, "content")
			if err := json.Unmarshal([]byte(text), &u); err != nil {
				t.Fatal(err, text)
			}
			if at != "" && path.Dir(u.Path) != at {
				t.Errorf("one is in %s, another in %s", at, u.Path)
			}
			group, at = u.Group, path.Dir(u.Path)
		}
		local, err := s.localFile(at)
		if err != nil || path.Base(at) != want {
			t.Errorf("%s: they are in %s, error %v, want %s", folder, at, err, want)
			continue
		}
		if entries, err := os.ReadDir(local); err != nil || len(entries) != 2 || filepath.Dir(filepath.Dir(local)) != filepath.Join(s.own, "uploads") {
			t.Errorf("%s holds %v, error %v", local, entries, err)
		}
	}
}

// Models and images of the folder are offered, and a folder of pictures can be trained on; what studies left is not offered.
func TestWhatLiesInTheFolderIsOffered(t *testing.T) {
	dir := t.TempDir()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"mine.keras": "x", "a/set.npz": "x", "photos/b/1.png": picture.String(), "photos/b/2.PNG": picture.String(), "photos/notes.txt": "x", "photos/.hidden/3.png": "x",
		"study/study.json": "{}", "study/images.npz": "x", "study/loss.png": "x", ".git/x.keras": "x", "cover.png": "x",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "photos", "elsewhere")); err != nil {
		t.Log("no links here: ", err)
	}
	s := serve(t, dir)
	if _, text := s.text("GET", "/api/files", ""); text != `{"models":["mine.keras"],"images":["a/set.npz","photos/b"]}` {
		t.Errorf("offered: %s", text)
	}
	study := func(data string) string {
		return strings.NewReplacer(`"seeds"`, `"data": "`+data+`", "seeds"`, `"convolutions": 1, "filters": 2, "bottleneck": 4`, `"model": "plain", "units": 2, "layers": 1`).Replace(labStudy)
	}
	for _, data := range []string{"photos", "photos/b"} {
		local, err := s.localFile(data)
		if err != nil || filepath.Base(local) != filepath.Base(data) {
			t.Fatalf("%s: %s, %v", data, local, err)
		}
		again, err := s.localFile(data)
		if err != nil || again != local {
			t.Errorf("the second copy of %s lies at %s: %v", data, again, err)
		}
		n := 0
		if err := filepath.WalkDir(local, func(_ string, e os.DirEntry, err error) error {
			if !e.IsDir() {
				n++
			}
			return err
		}); err != nil || n != 2 {
			t.Errorf("%d pictures of %s: %v", n, data, err)
		}
	}
	for _, data := range []string{"a", "photos/../..", "photos/elsewhere", "nowhere"} {
		if status, text := s.text("POST", "/api/lab", study(data)); status != 422 {
			t.Errorf("%s: %d %s", data, status, text)
		}
	}
	if status, text := s.text("POST", "/api/lab", study("mnist")); status != 200 {
		t.Errorf("a plain model: %d %s", status, text)
	}
}
