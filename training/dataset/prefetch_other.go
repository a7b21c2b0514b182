//go:build !linux

package dataset

import "os"

// willNeed does nothing where there is no posix_fadvise: images are then read when they are needed.
func willNeed(*os.File, int64, int64) {}
