package live

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pkg/errors"

	"dcae/experiments"
	"dcae/experiments/saved"
	"dcae/training/dataset"
)

// mostLabs is how many labs there are at a time, those that pause with them.
const mostLabs = 8

var errTooMany = errors.New("too much is open already: close a page, and wait a minute")

// labs are the labs that there are.
type labs struct {
	s    *Server
	open shelf[*lab]
}

func newLabs(s *Server) *labs {
	return &labs{s: s, open: shelf[*lab]{missing: "there is no such lab any more: it ended when nobody watched it"}}
}

// createdLab is what a page is told of a lab that it made.
type createdLab struct {
	ID    string            `json:"id"`
	Study *experiments.Plan `json:"study"` // as it was understood
}

// create makes a lab of a study in YAML or JSON. It pauses before the first step.
func (l *labs) create(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "the study is too long, or did not come whole")
		return
	}
	made, err := l.make(text)
	switch {
	case errors.Is(err, errTooMany):
		refuse(w, http.StatusTooManyRequests, err.Error())
	case err != nil:
		refuse(w, http.StatusUnprocessableEntity, err.Error())
	default:
		answer(w, createdLab{made.id, made.plan})
	}
}

func (l *labs) make(text []byte) (*lab, error) {
	shown, err := l.plan(text)
	if err != nil {
		return nil, err
	}
	plan, err := l.plan(text)
	if err != nil {
		return nil, err
	}
	if err := l.localize(plan); err != nil {
		return nil, err
	}
	if l.open.isFull(mostLabs) {
		return nil, errTooMany
	}
	study, err := plan.Open()
	if err != nil {
		return nil, err
	}
	made, err := newLab(l.s.ctx, shown, study, l.s.options.Threads, l.s.queue)
	if err != nil {
		return nil, err
	}
	if err := l.open.put(made, mostLabs, func(*lab) bool { return false }); err != nil {
		made.stop()
		return nil, err
	}
	l.s.work.Go(made.run)
	l.s.work.Go(func() { l.reap(made) })
	return made, nil
}

// plan reads a study that a lab can show.
func (l *labs) plan(text []byte) (*experiments.Plan, error) {
	p, err := experiments.ParsePlan(text, "the study")
	if err != nil {
		return nil, err
	}
	if n := p.Runs(); n > mostRuns {
		return nil, errors.Errorf("%d runs are too many to be watched side by side; %d are the most", n, mostRuns)
	}
	return p, nil
}

// localize puts in place of what the study names files that lie where it may read.
func (l *labs) localize(p *experiments.Plan) error {
	for _, path := range []*string{&p.Data.Source, &p.Data.Target} {
		if *path == "" || dataset.IsBuiltIn(*path) {
			continue
		}
		local, err := l.s.localFile(*path)
		if err != nil {
			return errors.WithMessage(err, "data")
		}
		*path = local
	}
	for _, g := range p.Groups {
		for i := range g.Arms {
			a := &g.Arms[i]
			switch {
			case experiments.IsMadeOfSettings(a.Model), slices.Contains(saved.VariantNames(), a.Model):
				continue
			case !saved.IsFile(a.Model):
				return errors.Errorf("arm %s: there is no model %q", a.Name, a.Model)
			}
			local, err := l.s.localFile(a.Model)
			if err != nil {
				return errors.WithMessagef(err, "arm %s", a.Name)
			}
			a.Model = local
		}
	}
	return nil
}

// reap ends a lab that nobody has watched for a while, and forgets one that has ended.
func (l *labs) reap(made *lab) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if made.events.alone() > l.s.wait {
				made.stop()
			}
		case <-made.ctx.Done():
			l.open.remove(made)
			return
		}
	}
}

// act does what a page asks of a lab.
func (l *labs) act(w http.ResponseWriter, r *http.Request) {
	made, ok := l.open.find(w, r)
	if !ok {
		return
	}
	switch action := r.PathValue("action"); action {
	case "go":
		made.goOn()
	case "pause":
		made.pause()
	case "step":
		n, err := strconv.Atoi(r.URL.Query().Get("steps"))
		if err != nil || n < 1 || n > 1_000_000 {
			n = 1
		}
		made.step(n)
	case "close":
		made.stop()
	case "change":
		if err := made.readChange(r); err != nil {
			refuse(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
	case "study":
	default:
		refuse(w, http.StatusNotFound, fmt.Sprintf("a lab cannot %q", action))
		return
	}
	made.mu.Lock()
	defer made.mu.Unlock()
	answer(w, createdLab{made.id, made.plan})
}

// readChange makes the change that a request holds, as it would stand in a study.
func (l *lab) readChange(r *http.Request) error {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return errors.New("the change did not come whole")
	}
	c, err := experiments.ParseChange(text)
	if err != nil {
		return err
	}
	arms := r.URL.Query()["arm"]
	if len(arms) == 0 {
		return errors.New("say which arm is to be changed")
	}
	for _, arm := range arms {
		if err := l.change(arm, c); err != nil {
			return err
		}
	}
	return nil
}

// export is a study as YAML that dcae run takes, from any way in which the page writes it.
func (l *labs) export(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "the study is too long, or did not come whole")
		return
	}
	p, err := l.plan(text)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	withoutUploads(p)
	b, err := p.YAML()
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(b)
}
