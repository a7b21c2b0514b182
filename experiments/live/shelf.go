package live

import (
	"net/http"
	"slices"
	"sync"
)

// followed is something that pages follow by its name in addresses.
type followed interface {
	comparable
	address() string
	stream() *events
}

// shelf holds what pages follow, the oldest first.
type shelf[T followed] struct {
	missing string // what is said of one that is not there
	mu      sync.Mutex
	all     []T
}

// find is the one that a request's address names. Where there is none, the request is refused.
func (s *shelf[T]) find(w http.ResponseWriter, r *http.Request) (T, bool) {
	s.mu.Lock()
	i := slices.IndexFunc(s.all, func(one T) bool { return one.address() == r.PathValue("id") })
	var found T
	if i >= 0 {
		found = s.all[i]
	}
	s.mu.Unlock()
	if i < 0 {
		refuse(w, http.StatusNotFound, s.missing)
	}
	return found, i >= 0
}

// isFull tells whether there are as many as there may be, before much is done for one more.
func (s *shelf[T]) isFull(most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all) >= most
}

// put adds one. Where there are as many as there may be, the oldest that release lets go makes room; it fails if there is none.
func (s *shelf[T]) put(one T, most int, release func(T) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= most {
		i := slices.IndexFunc(s.all, release)
		if i < 0 {
			return errTooMany
		}
		s.all = slices.Delete(s.all, i, i+1)
	}
	s.all = append(s.all, one)
	return nil
}

func (s *shelf[T]) remove(one T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(other T) bool { return other == one })
}

// serveEvents tells a page of what happens to the one that it names.
func (s *shelf[T]) serveEvents(server *Server) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if one, ok := s.find(w, r); ok {
			one.stream().serve(server.ctx, w, r)
		}
	}
}
