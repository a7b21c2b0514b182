package live

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// What a request may have at most.
const (
	mostBody   = 256 << 10 // bytes of one that is no upload
	mostUpload = 1 << 30
	mostPath   = 4 << 10
)

// ownPages is the policy of the server's own pages: what they use comes from the server, and no text on them can become a script.
const ownPages = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// foreignPages is the policy of files that the server did not write. Their scripts run in an origin of their own, from which no request
// reaches the server.
const foreignPages = "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'self'"

// guard lets through what the person who started the server may have asked for. Others reach a loopback address, too: other users of the
// machine, who do not know the token, and pages of other sites in the person's browser, by their Origin or by a name of theirs that
// they had resolved to this machine (DNS rebinding).
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", ownPages)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case !s.isOwnHost(r.Host):
			refuse(w, http.StatusMisdirectedRequest, "this server is not called that: use the address that dcae serve printed")
		case !isSameOrigin(r):
			refuse(w, http.StatusForbidden, "the request comes from another site")
		case len(r.URL.Path) > mostPath:
			refuse(w, http.StatusRequestURITooLong, "the path is too long")
		case r.Method == http.MethodGet && s.isToken(r.URL.Query().Get("token")):
			s.welcome(w, r)
		case !s.isKnown(r):
			refuse(w, http.StatusForbidden, "open the address that dcae serve printed: it holds a token, without which other users of this machine could get in")
		default:
			limit, patience := int64(mostBody), 30*time.Second
			if r.URL.Path == "/api/uploads" {
				limit, patience = mostUpload, time.Hour
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience)) // of this request's body; tests' recorders have none
			next.ServeHTTP(w, r)
		}
	})
}

// isOwnHost tells whether a Host header is this machine's, on any port: there may be a tunnel between.
func (s *Server) isOwnHost(host string) bool {
	name := strings.ToLower(host)
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	} else if inner, ok := strings.CutPrefix(name, "["); ok && strings.HasSuffix(inner, "]") {
		name = strings.TrimSuffix(inner, "]")
	}
	switch name {
	case "":
		return false
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	listening, err := netip.ParseAddr(s.options.Name)
	if err == nil && listening.IsUnspecified() { // on all addresses: one of them, which no site can make its name
		_, err := netip.ParseAddr(name)
		return err == nil
	}
	return s.options.Name != "" && name == strings.ToLower(s.options.Name)
}

// isSameOrigin tells whether a request is none that a page of another site made.
func isSameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		if r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate" { // a link may lead here
			return false
		}
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	u, err := url.Parse(origins[0])
	return err == nil && len(origins) == 1 && (u.Scheme == "http" || u.Scheme == "https") && u.Host == r.Host
}

// cookie is the name of the cookie with the token. Browsers do not tell ports apart in cookies, and there may be several servers.
func (s *Server) cookie() string {
	sum := sha256.Sum256([]byte(s.token))
	return "dcae-" + hex.EncodeToString(sum[:4])
}

func (s *Server) isToken(text string) bool {
	return subtle.ConstantTimeCompare([]byte(text), []byte(s.token)) == 1
}

func (s *Server) isKnown(r *http.Request) bool {
	c, err := r.Cookie(s.cookie())
	return err == nil && s.isToken(c.Value)
}

// welcome puts the token into a cookie, and takes it out of the address.
func (s *Server) welcome(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: s.cookie(), Value: s.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	to := *r.URL
	query := to.Query()
	query.Del("token")
	to.Scheme, to.Host, to.RawQuery = "", "", query.Encode()
	if strings.HasPrefix(to.Path, "//") { // which would name another host
		to.Path, to.RawPath = "/", ""
	}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// refuse answers with an error: one line of text.
func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(why + "\n"))
}

// answer answers with JSON.
func answer(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}
