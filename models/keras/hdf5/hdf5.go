// Package hdf5 reads and writes the part of HDF5 that Keras' files (model.weights.h5, and whole models in NAME.h5) are made of: groups,
// attributes, and datasets of numbers or strings.
//
// Read: superblock versions 0 to 3, object headers of versions 1 and 2, groups as symbol tables (local heap and version 1 B-tree), as link
// messages or in fractal heaps (with version 2 B-trees), compact and contiguous datasets, datasets in chunks (version 1 B-trees, single chunks,
// implicit indexes and fixed arrays) with gzip, shuffle and fletcher32, and strings in global heaps. Everything else
// (other filters, soft and external links, committed types) is refused with an error that
// names the object, the feature and the way out. Damaged or hostile bytes give an error too: every offset and length is
// checked, each object is read once, and the total work is bounded by the size of the file.
//
// Written: superblock version 0, object headers of version 1, groups as link messages, contiguous datasets.
//
// The format is specified in "HDF5 File Format Specification Version 3.0", The HDF Group; section numbers in comments
// (IV.A.2.b and so on) are those of that document.
package hdf5

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// Group is a folder of the file. The root group has an empty name.
type Group struct {
	Name       string
	Groups     []*Group // sorted by name after Read
	Datasets   []*Dataset
	Attributes []*Attribute // in the order of the file
}

// Dataset is an array with a name. See Attribute for Shape and Data.
type Dataset struct {
	Name       string
	Shape      []int
	Data       any
	Attributes []*Attribute
}

// Attribute is a small array that belongs to a group or a dataset.
//
// Shape holds the lengths of the axes, outermost first; an empty Shape is a scalar. Data holds the elements in row-major
// order, as many as the product of Shape, and is one of []float32, []float64, []int8, []int16, []int32, []int64, []uint8,
// []uint16, []uint32, []uint64 or []string. Half-precision floats are read as []float32. Strings are written as
// variable-length UTF-8.
type Attribute struct {
	Name  string
	Shape []int
	Data  any
}

// Group returns the group at path, for example "layers/conv2d/vars", or nil if there is none. The empty path is g itself.
func (g *Group) Group(path string) *Group {
	for path != "" && g != nil {
		var name string
		name, path, _ = strings.Cut(path, "/")
		g = find(g.Groups, name, func(c *Group) string { return c.Name })
	}
	return g
}

// Dataset returns the dataset at path, for example "layers/conv2d/vars/0", or nil if there is none.
func (g *Group) Dataset(path string) *Dataset {
	parent, name := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		parent, name = path[:i], path[i+1:]
	}
	if g = g.Group(parent); g == nil {
		return nil
	}
	return find(g.Datasets, name, func(d *Dataset) string { return d.Name })
}

// Attribute returns the attribute of that name, or nil if there is none.
func (g *Group) Attribute(name string) *Attribute {
	return find(g.Attributes, name, func(a *Attribute) string { return a.Name })
}

// Float32s returns the elements in row-major order, rounded to float32 where the file holds float64. It is an error if the
// elements are not floating-point numbers. The result may share memory with d.Data.
func (d *Dataset) Float32s() ([]float32, error) {
	switch v := d.Data.(type) {
	case []float32:
		return v, nil
	case []float64:
		out := make([]float32, len(v))
		for i, x := range v {
			out[i] = float32(x)
		}
		return out, nil
	}
	return nil, errors.Errorf("dataset %q holds %T, not floating-point numbers", d.Name, d.Data)
}

func find[T any](all []*T, name string, nameOf func(*T) string) *T {
	if i := slices.IndexFunc(all, func(x *T) bool { return nameOf(x) == name }); i >= 0 {
		return all[i]
	}
	return nil
}
