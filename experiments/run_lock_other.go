//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package experiments

// lock keeps nobody away on this system.
type lock struct{}

func tryLock(string) (*lock, error) { return &lock{}, nil }

func (*lock) release() {}
