package outcome

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	for _, c := range []struct {
		want string
		info debug.BuildInfo
	}{
		{"devel", debug.BuildInfo{}},
		{"devel", debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}},
		{"v1.2.3", debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{revision}}},
		{"devel-0123456789ab", debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "false"}}}},
		{"devel-0123456789ab+dirty", debug.BuildInfo{Settings: []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "true"}}}},
	} {
		if got := version(&c.info); got != c.want {
			t.Errorf("%+v is version %s, want %s", c.info, got, c.want)
		}
	}
}
