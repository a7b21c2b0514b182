package experiments

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/graph/arithmetic"
	"dcae/training/files"
)

// claim makes the folder this study's. If it holds another one, the error says in what they differ.
func (r *runner) claim(ctx context.Context) error {
	held, err := waitForFolder(ctx, r.dir, r.options.Notice)
	if err != nil {
		return err
	}
	defer held.Release()
	if err := sweepFolder(r.dir); err != nil {
		return err
	}
	own, err := encodeJSON(r.definition)
	if err != nil {
		return err
	}
	path := filepath.Join(r.dir, studyFile)
	if exists(path) {
		there, err := readFile(path)
		if err != nil {
			return err
		}
		if err := r.checkBits(there); err != nil {
			return err
		}
		if !bytes.Equal(own, there) {
			return r.another(there, own)
		}
	} else if err := files.WriteBytes(path, own); err != nil {
		return err
	}
	if images := filepath.Join(r.dir, imagesFile); !exists(images) {
		if err := r.writeImages(images); err != nil {
			return err
		}
	}
	return r.writeInvocation()
}

// another says in what the study that the folder holds is another one, or that its study.json is damaged.
func (r *runner) another(there, own []byte) error {
	if _, err := ReadDefinition(r.dir); err != nil {
		return errors.WithMessagef(err, "the study in %s cannot be continued; name another folder with --out", r.dir)
	}
	return errors.Errorf("the folder %s holds another study: %s; name another folder with --out, or replace the study with --force",
		r.dir, firstOf(".json", there, own).between("there", "here"))
}

// checkBits refuses to go on with a study whose bits this program does not compute.
func (r *runner) checkBits(study []byte) error {
	var there Definition
	if json.Unmarshal(study, &there) != nil {
		return nil // it is another study, in which there is more to tell
	}
	if err := arithmetic.CheckBits(there.Kernels, there.Bits); err != nil {
		return errors.Errorf("the study in %s can't be continued: %v; name another folder with --out, or replace the study with --force", r.dir, err)
	}
	return nil
}
