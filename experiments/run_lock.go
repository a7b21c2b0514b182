package experiments

import (
	"context"
	"time"
)

// lockWait is how long to wait before trying again to take a lock.
const lockWait = 50 * time.Millisecond

// waitForLock takes a lock as soon as nobody else holds it.
func waitForLock(ctx context.Context, path string) (*lock, error) {
	for {
		if l, err := tryLock(path); l != nil || err != nil {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockWait):
		}
	}
}
