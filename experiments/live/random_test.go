package live

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var randomFor = flag.Duration("random", 2*time.Second, "for how long requests are made at random")

// hidden is what a file outside of the folder holds.
const hidden = "nobody is to read this"

// Random paths, bodies, methods, sizes and hosts: no panic, no goroutine and no file is left over, and nothing is written outside. The helper
// looks at goroutines and the server's own folder in the end.
func TestRandomRequests(t *testing.T) {
	around := t.TempDir()
	dir := filepath.Join(around, "results")
	if err := os.MkdirAll(filepath.Join(dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"secret.keras": hidden, "results/mine.keras": "mine", "results/d/diagnosis.json": "{}"} {
		if err := os.WriteFile(filepath.Join(around, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, dir)
	s.wait = time.Second
	before := listing(t, around)
	var made, answered [4]int
	end := time.Now().Add(*randomFor)
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for time.Now().Before(end) {
				made[i]++
				if s.tryRandom(r) {
					answered[i]++
				}
			}
		})
	}
	all.Wait()
	t.Logf("%v requests by each, %v were answered", made, answered)
	if strings.Contains(s.log.String(), "panic") {
		t.Error(s.log)
	}
	if after := listing(t, around); after != before {
		t.Errorf("there was\n%s\nand is\n%s", before, after)
	}
	if status, text := s.text("GET", "/api/queue", ""); status != 200 {
		t.Errorf("it does not answer any more: %d %s", status, text)
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	out := ""
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			out += fmt.Sprintf("%s %d %v\n", path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	randomMethods = []string{"GET", "GET", "GET", "POST", "POST", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "X"}
	randomPaths   = []string{
		"/", "/lab", "/results", "/diagnose", "/static/lab.js", "/api/queue", "/api/results", "/api/lab", "/api/lab/choices", "/api/lab/study", "/api/uploads?name=x.keras",
		"/api/uploads?name=../../x", "/api/uploads?name=x&group=..", "/api/uploads?name=x&folder=../../y", "/api/diagnoses", "/files/mine.keras", "/files/../secret.keras", "/files/..%2fsecret.keras", "/api/follow/d",
		"/api/follow/..", "/api/lab/0/go", "/api/lab/%00/events", "/api/diagnoses/x/files/..%2f..", "//", "/%ff", "/?token=x", "/files/" + strings.Repeat("a/", 300),
	}
	randomBodies = []string{
		"", "{}", "[]", "null", labStudy, strings.Replace(labStudy, `"convolutions": 1`, `"model": "../secret.keras"`, 1), strings.Replace(labStudy, `"epochs": 2`, `"epochs": 2000000000`, 1),
		strings.Replace(labStudy, `"filters": 2`, `"filters": 2000000000`, 1), strings.Replace(labStudy, "lab", strings.Repeat("é", 5000), 1), `{"look": true, "model": "../secret.keras"}`,
		`{"model": "improved", "images": "--out=/tmp/x"}`, `{"batch": 3}`, strings.Repeat("[", 300), strings.Repeat("x", mostBody+10), "\x00\xff\xfe", "a: &a [*a, *a]",
	}
	randomHosts = []string{"", "", "", "", "", "evil.example", "localhost", "[::1]:1", "[", "127.0.0.1:99999", " ", "localhost.evil.example"}
)

// tryRandom makes one request, which may be torn off, and tells whether it was answered.
func (s *served) tryRandom(r *rand.Rand) bool {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	ctx, stop := context.WithTimeout(context.Background(), time.Duration(r.IntN(300)+1)*time.Millisecond)
	defer stop()
	body := []byte(pick(randomBodies))
	if len(body) > 0 && r.IntN(3) == 0 {
		body[r.IntN(len(body))] = byte(r.IntN(256))
		body = body[:r.IntN(len(body)+1)]
	}
	request, err := http.NewRequestWithContext(ctx, pick(randomMethods), s.http.URL+pick(randomPaths), bytes.NewReader(body))
	if err != nil {
		return false
	}
	if r.IntN(8) > 0 {
		request.AddCookie(&http.Cookie{Name: s.cookie(), Value: s.Token()})
	}
	if host := pick(randomHosts); host != "" {
		request.Host = host
	}
	if r.IntN(6) == 0 {
		request.Header.Set(pick([]string{"Origin", "Last-Event-ID", "Content-Type", "Range", "Sec-Fetch-Site", "If-Range", "Expect"}), pick([]string{"null", "x-99999999999999999999", "bytes=-1", "bytes=5-1", "cross-site", "100-continue"}))
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20)) // torn off, perhaps
	if strings.Contains(string(text), hidden) {
		s.t.Errorf("%s %s gives %.100s", request.Method, request.URL, text)
	}
	if answer.StatusCode >= 500 {
		s.t.Errorf("%s %s %.200s: %d %.200s", request.Method, request.URL, body, answer.StatusCode, text)
	}
	return true
}
