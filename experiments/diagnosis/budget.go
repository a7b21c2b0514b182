package diagnosis

// What is done besides steps ([WorkOf]), at the same nominal speed. These are constants, so that the same call gives the same answer everywhere.
const (
	nominalStart = 0.03  // seconds to compile a trial
	nominalDraw  = 60e-9 // seconds to draw the first value of a variable
	nominalSave  = 6e-9  // seconds to save a byte of a model
	nominalFit   = 1e9   // multiplications a second in the fit of a linear code
	workers      = 2     // processors that the nominal speed is of
	inUse        = 0.72  // share of their time that is planned: runs side by side do not end together, and a slow minute of the machine must not cut
)

// budget is the work that may be done, in nominal seconds of one processor.
type budget struct {
	total, spent float64
	short, long  int // steps: of a trial, and of the model as given, which is owed more patience
}

const (
	shortSteps, longSteps = 500, 950 // where time is no matter
	leastSteps            = 100
)

func newBudget(seconds, step float64) budget {
	b := budget{total: seconds * workers * inUse}
	steps := b.total / step
	b.short = max(leastSteps, min(shortSteps, roundSteps(steps/9)))
	b.long = max(b.short, min(longSteps, roundSteps(steps/5)))
	return b
}

// roundSteps makes steps a multiple of those between two looks.
func roundSteps(steps float64) int { return int(min(steps, 1e6)) / checkEvery * checkEvery }

func (b *budget) left() float64 { return b.total - b.spent }

func (b *budget) exhausted() bool { return b.left() <= 0 }

// Shares of the time that what is done without training may take: first gradients and outputs, the fit of the linear code that a model is measured
// by, and scoring a run on the test images.
const (
	lookShare = 0.03
	fitShare  = 0.04
	testShare = 0.02
)

// effort limits what is done without training where steps are dear or there is little time. It cuts the test images, too. release ends its threads.
func (s *search) effort() (e effort, release func()) {
	b, step, whole := &s.budget, s.given.step, s.given.setup.batch
	steps := lookShare * b.total / (3 * step) // for each of three gradients
	e = effort{batch: s.keptBatch(max(1, min(whole, int(steps*float64(whole))))), fit: min(fitWork, fitShare*b.total*nominalFit)}
	images := 3 * float64(whole) / step // that are evaluated in a nominal second
	e.held = max(1, min(scoredImages, int(lookShare/2*b.total*images)))
	tested := min(s.images.test.n(), max(shownImages, int(testShare*b.total*images)))
	s.images.test = s.images.test.slice(0, tested)
	b.spent += 3*step*float64(e.batch)/float64(whole) + float64(e.held)/images + 4*s.given.start
	e.threads, release = s.threads(s.options.Threads)
	return e, release
}
