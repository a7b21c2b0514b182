package outcome

import "runtime/debug"

// Version is the program's, from its build: the module's version or, of a build in a repository, what Go made of the revision; devel
// where the build knows neither.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return develop
	}
	return version(info)
}

const develop = "devel"

func version(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				modified = "+dirty"
			}
		}
	}
	if revision == "" {
		return develop
	}
	return develop + "-" + revision[:min(12, len(revision))] + modified
}
