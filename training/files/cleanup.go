package files

import (
	"os"
	"sync"
)

// opened are the files that this process is to remove, if it gets so far: files that have not got their names yet, and locks.
var opened fileSet

type fileSet struct {
	mu    sync.Mutex
	paths map[string]bool
}

func (s *fileSet) add(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paths == nil {
		s.paths = map[string]bool{}
	}
	s.paths[path] = true
}

func (s *fileSet) remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.paths, path)
}

// CleanUp removes what [Write] has not finished and the files of locks that it does not share. The process must end then. What cannot be removed
// disturbs nothing.
func CleanUp() {
	opened.mu.Lock() // and for ever: nothing may be opened any more
	for path := range opened.paths {
		_ = os.Remove(path)
	}
}
