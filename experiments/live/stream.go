package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mostLogged is how many bytes of events are kept of one thing that is watched.
const mostLogged = 64 << 20

// events is all that happened to something that is watched, from the beginning. Each event is made into text once, whatever the number
// of those who watch; who reads slowly, or comes back after the connection was lost, reads on where he was.
type events struct {
	mu       sync.Mutex
	name     string // tells this log apart from one that took its place
	all      [][]byte
	bytes    int
	more     chan struct{} // is closed when there is more
	ended    bool
	watching int
	left     time.Time // when the last one who watched went, or the beginning
}

func newEvents() *events {
	return &events{name: randomName()[:8], more: make(chan struct{}), left: time.Now()}
}

// add tells all who watch. It is false if the log is full: then the event is lost.
func (e *events) add(kind string, data any) bool {
	text, err := json.Marshal(data) // which has no line breaks
	if err != nil {
		text = fmt.Appendf(nil, "%q", err.Error())
		kind = "failed"
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended || e.bytes > mostLogged {
		return false
	}
	event := fmt.Appendf(nil, "id: %s-%d\nevent: %s\ndata: %s\n\n", e.name, len(e.all)+1, kind, text)
	e.all = append(e.all, event)
	e.bytes += len(event)
	e.wake()
	return true
}

// end says that nothing comes any more.
func (e *events) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		e.ended = true
		e.wake()
	}
}

func (e *events) wake() {
	close(e.more)
	e.more = make(chan struct{})
}

// since are the events after the first n, and what is closed when there are more.
func (e *events) since(n int) (events [][]byte, more <-chan struct{}, ended bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all[min(n, len(e.all)):len(e.all):len(e.all)], e.more, e.ended
}

// watch counts those who watch; delta is 1 or -1.
func (e *events) watch(delta int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watching += delta
	e.left = time.Now()
}

// alone is for how long nobody has watched.
func (e *events) alone() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.watching > 0 {
		return 0
	}
	return time.Since(e.left)
}

// heartbeat is how often something is sent where nothing happens, so that both ends notice a lost connection.
const heartbeat = 15 * time.Second

// serve sends the events to one who watches (https://html.spec.whatwg.org/multipage/server-sent-events.html), from after the one that
// Last-Event-ID names, until nothing comes any more, he goes, or ctx ends.
func (e *events) serve(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	next := 0
	if last, ok := strings.CutPrefix(r.Header.Get("Last-Event-ID"), e.name+"-"); ok {
		if n, err := strconv.Atoi(last); err == nil && n > 0 {
			next = n
		}
	}
	e.watch(1)
	defer e.watch(-1)
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	write := func(b []byte) bool {
		_ = control.SetWriteDeadline(time.Now().Add(heartbeat)) // who does not read is let go
		_, err := w.Write(b)
		return err == nil
	}
	if !write([]byte("retry: 1000\n\n")) {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		events, more, ended := e.since(next)
		for _, event := range events {
			if !write(event) {
				return
			}
		}
		next += len(events)
		if control.Flush() != nil {
			return
		}
		if ended {
			write([]byte("event: end\ndata: null\n\n")) // or the browser would connect again
			return
		}
		select {
		case <-more:
		case <-beat.C:
			if !write([]byte(": still here\n\n")) {
				return
			}
		case <-r.Context().Done():
			return
		case <-ctx.Done():
			return
		}
	}
}
