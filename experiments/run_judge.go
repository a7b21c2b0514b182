package experiments

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"dcae/experiments/outcome"
	"dcae/experiments/saved"
	"dcae/experiments/statistics"
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset/npz"
)

// judge says how a trained run ended. It reads the run's records, and is the only place that looks at the test images. It fails with ctx's error when
// ctx ends.
func (r *runner) judge(ctx context.Context, a Arm, seed uint64, fitted *training.Result, config training.Config, dir string) (*Result, error) {
	described, err := describe(a, config.Epochs)
	if err != nil {
		return nil, err
	}
	evidence, start, end, err := readEvidence(dir, described)
	if err != nil {
		return nil, err
	}
	nan := math.NaN()
	res := &Result{
		Arm: a.Name, Seed: seed, Epochs: fitted.Epochs, Steps: fitted.Steps,
		Test: training.Scores{MSE: nan, FVU: nan, Spread: nan, Mean: nan}, Reestimated: nan,
		RatioStart: start, RatioEnd: end, ImagesPerSecond: statistics.Median(readSpeeds(r.dir)[runID{a.Name, seed}]),
	}
	if !fitted.Diverged {
		if err := r.test(ctx, a, fitted.Params, config.Threads, res, &evidence, dir); err != nil {
			return nil, err
		}
	}
	evidence.FVU, evidence.Spread, evidence.Mean = res.Test.FVU, res.Test.Spread, res.Test.Mean // not numbers where nothing was tested
	res.Outcome, res.Why = outcome.Judge(evidence)
	if a.Model.DrawsInEvaluation() && !fitted.Diverged {
		if err := r.testWithoutNoise(a, fitted.Params, config.Threads, res); err != nil {
			return nil, err
		}
	}
	if res.Outcome != outcome.Learned && !fitted.Diverged && training.HasStatistics(fitted.Params) {
		if err := r.testReestimated(ctx, a, fitted.Params, config, res); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// test scores the model on the test images once, and writes its outputs for the first ones.
func (r *runner) test(ctx context.Context, a Arm, params *graph.Params, threads *graph.Threads, res *Result, evidence *outcome.Evidence, dir string) error {
	set := r.data(a.Treatment)
	e, err := training.NewEvaluator(a.Model, a.Loss, params, set.Test, 0, set.mean, threads, false)
	if err != nil {
		return err
	}
	defer e.Close()
	if res.Test, err = e.ScoresUntil(ctx); err != nil {
		return err
	}
	if err := set.weigh(a, e, res.Test, evidence); err != nil {
		return err
	}
	images, err := e.Reconstruct(shownImages)
	if err != nil {
		return err
	}
	return npz.Write(filepath.Join(dir, reconstructionsFile), []npz.Array{imageArray("y", images, set.Train.Targets().Shape())})
}

// weigh takes what an arm's model was scored on some images as evidence.
func (set *treated) weigh(a Arm, e *training.Evaluator, scores training.Scores, evidence *outcome.Evidence) (err error) {
	evidence.FVU, evidence.Spread, evidence.Mean = scores.FVU, scores.Spread, scores.Mean
	evidence.Alike = e.Alike() && finite(scores.MSE)
	if scores.Spread < outcome.ConstantSpread {
		evidence.Best, evidence.FromBest, err = saved.FromBestConstant(e, a.Loss, set.Train, a.Model.Input.Size(), set.mean)
	}
	return err
}

// testWithoutNoise scores a model that draws at random with all draws at their mean.
func (r *runner) testWithoutNoise(a Arm, params *graph.Params, threads *graph.Threads, res *Result) error {
	set := r.data(a.Treatment)
	fvu, err := training.FVUWithoutNoise(a.Model, a.Loss, params, set.Test, set.mean, threads)
	res.Why += fmt.Sprintf("; with the noise at its mean FVU %.3f", fvu)
	return err
}

// testReestimated scores the model once more, after batch normalization's statistics were computed anew from training batches.
func (r *runner) testReestimated(ctx context.Context, a Arm, params *graph.Params, config training.Config, res *Result) error {
	set := r.data(a.Treatment)
	before := params.Snapshot()
	defer func() { _ = params.Restore(before) }() // of the same model: cannot fail
	if err := training.ReestimateStatistics(a.Model, params, set.Train, config); err != nil {
		return err
	}
	e, err := training.NewEvaluator(a.Model, a.Loss, params, set.Test, 0, set.mean, config.Threads, false)
	if err != nil {
		return err
	}
	defer e.Close()
	scores, err := e.ScoresUntil(ctx)
	if err != nil {
		return err
	}
	if res.Reestimated = scores.FVU; scores.FVU < outcome.LearnedFVU {
		res.Why += fmt.Sprintf("; with re-estimated statistics FVU %.3f", scores.FVU)
	}
	return nil
}

// readEvidence takes from a run's records what its outcome is judged by, but for the test scores, and the ratios of the first to
// the last trained layer's gradient norm at the first and at the last step, which are NaN where no trained layer has a kernel.
func readEvidence(folder string, a recordedArm) (e outcome.Evidence, start, end float64, err error) {
	start, end = math.NaN(), math.NaN()
	steps, err := readTable(filepath.Join(folder, stepsFile))
	if err != nil || steps.len() == 0 {
		return e, start, end, err
	}
	losses, err := steps.numbers("loss")
	if err != nil {
		return e, start, end, err
	}
	last := len(losses) - 1
	e.FirstLoss, e.LastLoss = losses[0], losses[last]
	if firstLayer, lastLayer := a.kernelLayers(); firstLayer != "" {
		above, err := steps.numbers(training.Column(firstLayer, "gradient_norm"))
		if err != nil {
			return e, start, end, err
		}
		below, err := steps.numbers(training.Column(lastLayer, "gradient_norm"))
		if err != nil {
			return e, start, end, err
		}
		start, end = above[0]/below[0], above[last]/below[last]
	}
	epochs, err := readTable(filepath.Join(folder, epochsFile))
	if err != nil {
		return e, start, end, err
	}
	e.EpochLosses, err = epochs.numbers("train_loss")
	return e, start, end, err
}
