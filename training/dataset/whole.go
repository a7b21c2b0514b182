package dataset

// Whole is every image that Train, and what was taken out of it, come from, in the source's order: all of an array or folder,
// x of a .npz file that has held-out images of its own. Options.Images does not shorten it.
func (set *Set) Whole() *Images {
	store := set.Train.store
	whole := newImages(store, store.all(), set.Scaling)
	whole.planes = set.Train.planes
	if t := set.Train.targets; t != nil {
		whole.targets = newImages(t.store, t.store.all(), t.scaling)
		whole.targets.planes = t.planes
	}
	return whole
}
