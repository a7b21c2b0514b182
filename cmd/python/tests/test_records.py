import csv
import json
import math
import subprocess

import numpy as np
import pytest

import dcae
from dcae import _records
from dcae._pace import Pace
from dcae._records import LayerInfo, Records, Taken, Units

LAYERS = [LayerInfo("enc.0", "Conv2d", 80, True), LayerInfo("frozen", "Linear", 4, True, variables=0), LayerInfo("dec", "Conv2d", 72, True)]
valid = np.random.default_rng(1).random((20, 1, 6, 5)).astype(np.float32)


def record(folder, losses=(1.0, 0.5, 0.4, 0.3), held=None, first=1e-3):
    r = Records(folder, "My Net", LAYERS, "PyTorch 9", held, channels_first=True)
    for i, loss in enumerate(losses):
        r.add_step(loss, 0.01, [(first * math.sqrt(80), 2.0, 0.002), (1.0 * math.sqrt(72), 4.0, 0.4)])
        if i % 2:
            if held is not None:
                held.outputs, held.units = held.y * 0 + 0.25, {"enc.0": (0.75, 0.0), "dec": (0.0, 0.9)}
            r.end_epoch()
    r.close()
    return folder


def test_what_is_written(tmp_path):
    record(tmp_path / "run", held=_records.held_out(valid))
    run = tmp_path / "run" / "runs" / "my-net" / "seed-1"
    steps = list(csv.DictReader(open(run / "steps.csv")))
    assert [s["epoch"] for s in steps] == ["1", "1", "2", "2"] and float(steps[2]["loss"]) == np.float32(0.4)
    assert "frozen/gradient_norm" not in steps[0]
    assert float(steps[0]["dec/gradient_rms"]) == pytest.approx(1) and float(steps[0]["dec/update_ratio"]) == pytest.approx(0.1)
    epochs = list(csv.DictReader(open(run / "epochs.csv")))
    assert float(epochs[0]["train_loss"]) == 0.75 and epochs[1]["enc.0/dead"] == "0.75"
    y = valid.astype(float)
    assert float(epochs[0]["heldout_fvu"]) == pytest.approx(((y - 0.25) ** 2).mean() / ((y - y.mean(0)) ** 2).mean(), rel=1e-6)
    assert float(epochs[0]["heldout_spread"]) == 0
    with np.load(tmp_path / "run" / "images.npz") as images:
        assert images["test"].shape == (8, 6, 5, 1) and np.array_equal(images["test"][3, :, :, 0], valid[3, 0])


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(dcae.Error, match="not empty"):
        record(tmp_path)
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.json").write_text("{}")
    with pytest.raises(dcae.Error, match="not recorded here"):
        record(tmp_path / "study")
    record(tmp_path / "again")
    record(tmp_path / "again", losses=(1.0, 1.0))
    assert len(open(tmp_path / "again/runs/my-net/seed-1/steps.csv").readlines()) == 3


def test_names_of_any_kind(real, tmp_path):
    for name, folder in {"CON": "model-con", "aux": "model-aux", "Größe 1.": "gr-e-1", "x" * 300: "x" * 80, "..": "model", "console": "console"}.items():
        r = Records(tmp_path / folder, name, LAYERS, "PyTorch 9", None, channels_first=True)
        r.add_step(1.0, 0.01, [(1.0, 2.0, 0.002), (1.0, 4.0, 0.4)])
        r.end_epoch()
        r.close()
        assert [p.name for p in (tmp_path / folder / "runs").iterdir()] == [folder]
        assert program("plot", tmp_path / folder).returncode == 0
    names = ["a\nb", "=1+1", 'x "y", z', "back\\slash", "\x1b[31m", "zero\u200bwidth"]
    r = Records(tmp_path / "odd", "odd", [LayerInfo(n, "Linear", 4, True) for n in names], "PyTorch 9", None, channels_first=True)
    for _ in range(3):
        r.add_step(1.0, 0.01, [(1.0, 2.0, 0.002)] * len(names))
    r.end_epoch()
    r.close()
    assert len(open(tmp_path / "odd/runs/odd/seed-1/steps.csv").readlines()) == 4
    assert program("plot", tmp_path / "odd").returncode == 0  # it finds every layer's columns


def test_units_over_batches():
    units = Units()
    units.add("a", np.array([[0.0, 1.0], [0.0, 0.01]]), "sigmoid", units_last=True)
    units.add("a", np.array([[0.0, 0.0], [0.5, 0.0]]), "sigmoid", units_last=True)
    assert units.shares() == {"a": (0.0, 7 / 8)}
    units.add("b", np.zeros((2, 3, 4, 4)), "relu", units_last=False)
    assert units.shares()["b"] == (1.0, 0.0)


def program(*args):
    return subprocess.run([dcae.program(), *map(str, args)], capture_output=True, text=True, check=False)


def test_the_program_draws_it_and_tells_symptoms(real, tmp_path):
    run = record(tmp_path / "run", held=_records.held_out(valid), first=1e-5)
    drawn = program("plot", run)
    assert drawn.returncode == 0 and (run / "gradients.png").exists() and "recorded by" in (run / "report.html").read_text(), drawn.stderr
    told = json.loads(program("diagnose", run, "--records", "--json").stdout)
    assert {s["symptom"] for s in told["symptoms"]} == {"still_falling", "constant_output", "large_updates", "fading_gradient", "dead_units", "saturated"} - {"large_updates"}
    assert "None of them is a cause" in told["note"] and told["recorded_by"] == "PyTorch 9"
    for command in (["verify", run], ["run", "failure-modes", "--out", run]):
        failed = program(*command)
        assert failed.returncode == 1 and "holds records of PyTorch 9" in failed.stderr, failed.stderr


def test_without_held_out_images_and_with_a_loss_that_ends(real, tmp_path):
    run = record(tmp_path / "run", losses=(1.0, math.nan, math.inf, 2.0))
    assert program("plot", run).returncode == 0
    told = program("diagnose", run, "--records").stdout
    assert "non_finite_loss: the loss is not a number from step 2 on" in told and "None of them is a cause" in told
    assert program("diagnose", tmp_path, "--records").returncode == 1


def test_steps_at_a_time_have_the_norms_of_their_layers(tmp_path):
    layers = [LayerInfo("a", "Linear", 6, True, variables=2), LayerInfo("frozen", "Linear", 4, True, variables=0), LayerInfo("b", "Linear", 4, True)]
    r = Records(tmp_path / "run", "net", layers, "PyTorch 9", None, channels_first=True)
    #                               gradients   weights     steps of a's two variables and b's one
    squares = np.array([[9, 16, 4, 36, 64, 9, 1, 0, 0.09], [0, 0, 0, 1, 0, 1, 0, 0.25, 0]], np.float32)
    r.add_steps(lambda: Taken(0, [], [], [], np.empty((0, 0))))
    r.add_steps(lambda: Taken(4, [1, 3], [0.5, 0.25], [0.1, 0.2], squares))  # of four steps two were recorded
    r.end_epoch(0.3)
    r.close()
    first, second = csv.DictReader(open(tmp_path / "run/runs/net/seed-1/steps.csv"))
    assert (first["loss"], first["a/gradient_norm"], first["a/weight_norm"], first["a/update_ratio"]) == ("0.5", "5.0", "10.0", "0.1")
    assert (first["b/gradient_norm"], first["b/weight_norm"], first["b/update_ratio"]) == ("2.0", "3.0", "0.1")
    assert (second["learning_rate"], second["a/gradient_norm"], second["a/update_ratio"], second["b/update_ratio"]) == ("0.2", "0.0", "0.5", "0.0")
    assert "frozen/gradient_norm" not in first
    assert (first["step"], second["step"]) == ("1", "3")
    study = json.loads((tmp_path / "run/study.json").read_text())
    assert study["recorded_by"] == "PyTorch 9, 2 of 4 steps" and study["data"]["train_images"] == 4


@pytest.mark.parametrize("plain, more, writing, every", [(1.0, 0.0, 0.0, 1), (1.0, 0.04, 0.0, 1), (1.0, 0.04, 0.02, 2), (0.001, 0.0003, 0.00001, 7), (1.0, 1.0, 0.0, 20)])
def test_norms_are_taken_as_often_as_their_time_allows(plain, more, writing, every):
    times = [0.0]
    pace = Pace(None, lambda: times[0])
    pace.writing = writing
    recorded = []
    for step in range(1, 2001):
        due = pace.due()
        if due:
            recorded.append(step)
        times[0] += plain + due * more + 50 * plain * (step % 500 == 30)  # and something else between epochs
    assert recorded[:13] == [*range(1, 11), 12, 14, 16]  # the first ones are all there
    late = [s for s in recorded if s > 300]
    assert {b - a for a, b in zip(late, late[1:], strict=False)} == {every}
    assert len(recorded) * (more + writing) < 0.1 * 2000 * plain


def test_every_kth_step():
    pace = Pace(3)
    assert [pace.due() for _ in range(7)] == [True, False, False, True, False, False, True]
    for wrong in (0, -1, 1.5, "2", True):
        with pytest.raises(dcae.Error, match="whole number"):
            Pace(wrong)
