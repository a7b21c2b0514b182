package dataset

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

const (
	defaultMemory = 512 << 20
	// worthCaching is the decoded size from which opening a copy is quicker than decoding again by more than anyone
	// would notice.
	worthCaching = 16 << 20
)

// loader turns sources into stores: in memory, in place, or through a cache file.
type loader struct {
	memory   int64
	cacheDir string // empty when there is no place for a cache
	passing  string // the folder of temporary files, where the cache is the user's: copies of what lies there would outlive it
	resize   Size

	channelsFirst bool // in arrays of four axes
	notes         *[]string
}

func newLoader(options Options) loader {
	l := loader{memory: options.Memory, cacheDir: options.CacheDir, resize: options.Resize, channelsFirst: options.ChannelsFirst, notes: new([]string)}
	if l.memory == 0 {
		l.memory = defaultMemory
	}
	if l.cacheDir != "" {
		return l
	}
	if dir, err := os.UserCacheDir(); err == nil {
		l.cacheDir, l.passing = filepath.Join(dir, "dcae"), filepath.Clean(os.TempDir())
	}
	return l
}

// load makes a store of the source that open opens: an array, if named, of a file, or a folder. The version tells when
// that changed.
func (l loader) load(name, array, version string, open func() (source, error)) (*store, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	cached := newCacheFile(l.cacheDir, path+"|"+array+"|"+l.resize.String()+l.order(), version)
	temporary := l.passing != "" && strings.HasPrefix(path, l.passing+string(filepath.Separator))
	if l.cacheDir != "" && !temporary {
		// Whatever is wrong with the copy, the source makes a new one.
		if s, err := cached.open(l.memory); err == nil {
			return s, nil
		}
	}
	s, err := l.opened(open)
	if err != nil {
		return nil, err
	}
	defer s.close()
	fits := int64(s.bytes()) <= l.memory
	switch {
	case s.plain != nil && !fits:
		return s.inPlace()
	case fits && (s.plain != nil || s.bytes() < worthCaching || l.cacheDir == "" || temporary):
		return s.load()
	case l.cacheDir == "":
		return nil, errors.New("it is larger than the memory set aside for it, and there is no cache folder for it: set HOME or XDG_CACHE_HOME")
	}
	if err = cached.write(s); err == nil {
		made, err := cached.open(l.memory)
		if temporary {
			_ = os.Remove(cached.path()) // it stays open
		}
		return made, err
	}
	if !fits {
		return nil, errors.WithMessage(err, "decode it to a file")
	}
	// The cache folder may be full or read-only; a fault of the source itself comes up again.
	if s, err = l.opened(open); err != nil {
		return nil, err
	}
	defer s.close()
	return s.load()
}

// opened opens a source whose images have the wanted size.
func (l loader) opened(open func() (source, error)) (source, error) {
	s, err := open()
	if err != nil {
		return s, err
	}
	if s.close == nil {
		s.close = func() {}
	}
	end := s.close
	if s, err = l.arranged(s); err == nil {
		s, err = resized(s, l.resize)
	}
	if err != nil {
		end()
	}
	return s, err
}

// order tells cached copies of one array in different orders apart.
func (l loader) order() string {
	if l.channelsFirst {
		return "|channels first"
	}
	return ""
}
