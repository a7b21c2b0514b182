package dataset

import (
	"os"

	"golang.org/x/sys/unix"
)

// willNeed starts reading a range of a file into the page cache. It is advice: an error is of no consequence.
func willNeed(file *os.File, offset, length int64) {
	_ = unix.Fadvise(int(file.Fd()), offset, length, unix.FADV_WILLNEED)
}
