// Package live serves pages on which models are trained, studies are followed and models are diagnosed in a browser: a server for one person on
// one machine, without network, and with no logic of training of its own.
package live

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/pkg/errors"

	"dcae/training/files"
)

// Options say what is served, and how much is done at a time.
type Options struct {
	Dir     string    // the folder whose studies, runs and diagnoses are shown
	Name    string    // the host that --listen names, which requests may be addressed to; localhost and loopback addresses always may
	Threads int       // processors that a training uses; default 1
	AtOnce  int       // trainings at a time, others wait; default 1
	Program string    // the file of the dcae program, which diagnoses; without one there are no diagnoses
	Log     io.Writer // is told of failures inside of the server; default nobody
}

// Server answers requests. [New] makes one.
type Server struct {
	options Options
	root    *os.Root // of Options.Dir: no path leads out of it
	own     string   // a folder of the server's, which goes with it: uploads, and what is made of them
	token   string
	handler http.Handler
	queue   *queue
	labs    *labs
	jobs    *jobs
	follows *follows
	ctx     context.Context // ends with the server
	stop    context.CancelFunc
	work    sync.WaitGroup // what goes on apart from requests
	wait    time.Duration  // for who may come back, before what nobody watches ends
}

// New makes a server, and a folder of its own in the system's folder for temporary files. It fails if the folder that is to be shown cannot be
// opened. Call Close at the end.
func New(o Options) (*Server, error) {
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, errors.Errorf("cannot open the folder %s: %v", o.Dir, files.Reason(err))
	}
	own, err := os.MkdirTemp("", "dcae-serve-")
	if err != nil {
		_ = root.Close()
		return nil, errors.Errorf("cannot make a temporary folder: %v", files.Reason(err))
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	o.Threads, o.AtOnce = max(1, o.Threads), max(1, o.AtOnce)
	s := &Server{options: o, root: root, own: own, token: randomName(), queue: newQueue(o.AtOnce), wait: time.Minute}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.labs, s.jobs, s.follows = newLabs(s), newJobs(s), newFollows(s)
	s.handler = s.guard(s.routes())
	return s, nil
}

// randomName cannot be guessed.
func randomName() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// Token is what the first request must carry, as in /?token=...; a cookie carries it from then on.
func (s *Server) Token() string { return s.token }

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Serve answers requests on a listener until ctx ends. Then trainings stop, streams end, and Serve returns nil.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s, ErrorLog: log.New(s.options.Log, "dcae serve: ", 0),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return errors.Wrap(err, "serving")
	case <-ctx.Done():
	}
	s.stop() // streams end with it, so that the server need not wait for them
	last, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if server.Shutdown(last) != nil {
		_ = server.Close() // somebody does not let go
	}
	return nil
}

// Close stops all work, waits for its end, and removes the server's own folder.
func (s *Server) Close() error {
	s.stop()
	s.work.Wait()
	_ = s.root.Close()
	return errors.Wrap(os.RemoveAll(s.own), "removing uploads")
}

// routes are all addresses that there are.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page("home"))
	mux.HandleFunc("GET /lab", s.page("lab"))
	mux.HandleFunc("GET /results", s.page("results"))
	mux.HandleFunc("GET /diagnose", s.page("diagnose"))
	mux.HandleFunc("GET /static/{file}", serveStatic)
	mux.HandleFunc("GET /api/queue", s.showQueue)

	mux.HandleFunc("GET /api/files", s.offerFiles)
	mux.HandleFunc("GET /api/results", s.listResults)
	mux.HandleFunc("GET /api/follow/{path...}", s.follow)
	mux.HandleFunc("GET /files/{path...}", s.serveFile)

	mux.HandleFunc("GET /api/lab/choices", s.labs.choices)
	mux.HandleFunc("POST /api/lab", s.labs.create)
	mux.HandleFunc("POST /api/lab/study", s.labs.export)
	mux.HandleFunc("GET /api/lab/{id}/events", s.labs.open.serveEvents(s))
	mux.HandleFunc("POST /api/lab/{id}/{action}", s.labs.act)

	mux.HandleFunc("POST /api/uploads", s.jobs.upload)
	mux.HandleFunc("POST /api/diagnoses", s.jobs.create)
	mux.HandleFunc("GET /api/diagnoses/{id}/events", s.jobs.kept.serveEvents(s))
	mux.HandleFunc("POST /api/diagnoses/{id}/stop", s.jobs.cancel)
	mux.HandleFunc("GET /api/diagnoses/{id}/files/{file}", s.jobs.serveFile)
	return mux
}
