package keras

import (
	"strings"

	"dcae/models/keras/hdf5"
)

// makeGroup returns the group at path below g, which it makes if it is not there.
func makeGroup(g *hdf5.Group, path string) *hdf5.Group {
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, "/")
		child := g.Group(name)
		if child == nil {
			child = &hdf5.Group{Name: name}
			g.Groups = append(g.Groups, child)
		}
		g = child
	}
	return g
}

// nameAttribute is the attribute that tells whose variables a group holds.
func nameAttribute(name string) *hdf5.Attribute {
	return &hdf5.Attribute{Name: "name", Data: []string{name}}
}
