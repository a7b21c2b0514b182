package dataset

import (
	"archive/zip"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// HasTargets tells whether the images are to become others, such as noisy images their clean ones; else each is its own target.
func (s *Images) HasTargets() bool { return s.targets != nil }

// Targets are what the images are to become, in the same order; the images themselves where they have no targets of their own.
func (s *Images) Targets() *Images {
	if s.targets == nil {
		return s
	}
	return s.targets
}

// TargetSize is the number of values of a target; 0 if each image is its own.
func (s *Images) TargetSize() int {
	if s.targets == nil {
		return 0
	}
	return s.targets.Shape().Size()
}

// ReadTargets writes the targets of the images with the given indices to dst, as Read does.
func (s *Images) ReadTargets(dst []float32, indices []int) { s.Targets().Read(dst, indices) }

// Targets are the targets of a set's images as a set of their own; nil where each image is its own.
func (set *Set) Targets() *Set {
	if !set.Train.HasTargets() {
		return nil
	}
	return &Set{
		Name: set.Name + " (targets)", Train: set.Train.targets, Validation: set.Validation.targets, Test: set.Test.targets,
		Scaling: set.Train.targets.scaling, Checksum: set.Checksum,
	}
}

// WithoutTargets is the set whose images are their own targets.
func (set *Set) WithoutTargets() *Set {
	alone := *set
	for _, part := range []**Images{&alone.Train, &alone.Validation, &alone.Test} {
		images := **part
		images.targets = nil
		*part = &images
	}
	return &alone
}

// withTargets gives each part of a set the images of the same part of another as targets.
func (set *Set) withTargets(targets *Set) *Set {
	both := *set
	both.Train, both.Validation, both.Test = set.Train.towards(targets.Train), set.Validation.towards(targets.Validation), set.Test.towards(targets.Test)
	return &both
}

func (s *Images) towards(targets *Images) *Images {
	both := *s
	both.targets = targets
	return &both
}

// The names under which a .npz file holds targets.
var (
	trainTargetNames      = []string{"y", "y_train"}
	validationTargetNames = []string{"y_val"}
	testTargetNames       = []string{"yt", "y_test"}
)

// npzTargets brings in the targets that a .npz file holds beside its images.
func (l loader) npzTargets(archive *zip.Reader, p *parts, load func(*zip.File) (*store, error)) error {
	for _, item := range []struct {
		part  *part
		names []string
	}{{&p.train, trainTargetNames}, {&p.validation, validationTargetNames}, {&p.test, testTargetNames}} {
		entry, err := findEntry(archive, item.names)
		if err != nil {
			return err
		}
		if entry == nil {
			continue
		}
		name := strings.TrimSuffix(entry.Name, ".npy")
		labels, err := holdsLabels(entry)
		if err != nil {
			return errors.WithMessage(err, entry.Name)
		}
		if labels {
			p.note("%s holds one number for each image: labels, which are passed over.", name)
			continue
		}
		if item.part.store == nil {
			return errors.Errorf("it holds targets %s, but no images for them", name)
		}
		s, err := load(entry)
		if err != nil {
			return errors.WithMessage(err, entry.Name)
		}
		if item.part == &p.train {
			s.array = name
		}
		if err := item.part.aim(s, name); err != nil {
			return err
		}
	}
	return p.sameTargets()
}

// aim gives a part's images targets.
func (p *part) aim(targets *store, name string) error {
	if targets.n != p.store.n {
		return errors.Errorf("%s holds %d targets for %d images: each image needs its own", name, targets.n, p.store.n)
	}
	p.targets = targets
	return nil
}

// sameTargets reports parts of which only some have targets, or whose targets differ in shape.
func (p *parts) sameTargets() error {
	if p.train.targets == nil {
		if p.validation.targets != nil || p.test.targets != nil {
			return errors.Errorf("held-out images have targets, training images have none: name theirs %s", strings.Join(trainTargetNames, " or "))
		}
		return nil
	}
	for _, held := range []struct {
		part  part
		names []string
	}{{p.validation, validationTargetNames}, {p.test, testTargetNames}} {
		switch {
		case held.part.store == nil:
		case held.part.targets == nil:
			return errors.Errorf("training images have targets, held-out images have none: name theirs %s", strings.Join(held.names, " or "))
		case held.part.targets.shape != p.train.targets.shape:
			return errors.Errorf("targets of training images are %v, but those of held-out images %v", p.train.targets.shape, held.part.targets.shape)
		}
	}
	return nil
}

// holdsLabels tells whether an array has one number for each sample.
func holdsLabels(entry *zip.File) (bool, error) {
	header, err := entryHeader(entry)
	if err != nil {
		return false, err
	}
	values := 1
	for _, n := range header.Shape[min(1, len(header.Shape)):] {
		values *= n
	}
	return values == 1, nil
}

// target brings in the targets of all images of a source from another file or folder.
func (l loader) target(p *parts, images, name string) error {
	if p.train.targets != nil {
		return errors.New("it holds targets of its own: leave out one of the two")
	}
	if p.train.store.names != nil {
		return l.targetFolder(p, images, name)
	}
	targets, err := l.path(name)
	if err != nil {
		return errors.WithMessagef(err, "targets %s", name)
	}
	for _, item := range []struct{ images, targets *part }{{&p.train, &targets.train}, {&p.validation, &targets.validation}, {&p.test, &targets.test}} {
		if item.images.store == nil && item.targets.store == nil {
			continue
		}
		if item.images.store == nil || item.targets.store == nil {
			return errors.Errorf("targets %s do not have the same parts as the images", name)
		}
		if err := item.images.aim(item.targets.store, name); err != nil {
			return err
		}
	}
	return p.sameTargets()
}

// targetFolder finds for each picture the one of the same path, without what stands behind the last dot, in another folder.
func (l loader) targetFolder(p *parts, images, name string) error {
	all, version, err := folderFiles(name)
	if err != nil {
		return errors.WithMessagef(err, "targets %s", name)
	}
	found := map[string]string{}
	for _, file := range all {
		key := relativeName(name, file)
		if other := found[key]; other != "" {
			return errors.Errorf("targets %s: both %s and %s could belong to a picture named %s", name, other, file, key)
		}
		found[key] = file
	}
	files := make([]string, len(p.train.store.names))
	for i, file := range p.train.store.names {
		key := relativeName(images, file)
		if files[i] = found[key]; files[i] == "" {
			return errors.Errorf("targets %s: there is no picture named %s for %s", name, key, file)
		}
	}
	if n := len(all) - len(files); n > 0 {
		p.note("%d pictures in %s belong to no image, and are passed over.", n, name)
	}
	s, err := l.load(name, "targets of "+images, version, func() (source, error) { return folderSource(files, l.resize) })
	if err != nil {
		return errors.WithMessagef(err, "targets %s", name)
	}
	s.names = files
	return p.train.aim(s, name)
}

func relativeName(folder, file string) string {
	name, err := filepath.Rel(folder, file)
	if err != nil {
		name = file
	}
	return filepath.ToSlash(strings.TrimSuffix(name, filepath.Ext(name)))
}
