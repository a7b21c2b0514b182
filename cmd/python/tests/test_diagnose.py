import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import dcae

x = np.random.default_rng(1).random((40, 8, 8, 1)).astype(np.float32)
PRINT = "print(ANSWER)"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"seconds": 0}, "seconds must be at least 1"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": "60"}, "seconds must be a number"),
        ({"batch": 0}, "batch must be at least 1"),
        ({"batch": 2.5}, "batch must be a whole number"),
        ({"seeds": 5}, "seeds must be at least 6"),
        ({"scale": "0..1"}, "scale is none, unit"),
        ({"scale": 1}, "scale is none, unit"),
        ({"seeds": None}, "seeds must be a whole number, not None"),
        ({"threads": True}, "threads must be a whole number"),
        ({"out": 3}, "out must be the path of a folder, not 3"),
        ({"out": ""}, "out must be the path of a folder"),
        ({"optimizer": "adam"}, "belong to a module of PyTorch"),
        ({"model": 3}, "model is a int"),
        ({"x": np.zeros(3)}, "shape"),
        ({"valid": "held.npz"}, "valid is the path held.npz"),
    ],
)
def test_bad_arguments_are_told_before_anything_starts(fake, tmp_path, arguments, says):
    fake("open('started', 'w')")
    with pytest.raises(dcae.Error, match=says):
        dcae.diagnose(**({"model": "sigmoid", "x": x} | arguments))
    assert not Path("started").exists()


def test_the_answer_has_types(fake):
    fake(PRINT)
    d = dcae.diagnose("sigmoid", x)
    assert d.verdict == "faulty" and d.causes[0].cause == "learning_rate_high" and d.causes[0].evidence == ["it is high"]
    assert d.fix.code == "model.compile()" and np.isnan(d.fix.fvu_before) and d.fix.fvu_after == 0.2 and d.seconds == 1.5
    assert "learning_rate_high" in repr(d) and "model.compile()" in str(d) and d._repr_html_() is None
    with pytest.raises(dcae.Error, match="could not be saved"):
        d.fixed_model()


def test_the_program_gets_images_flags_and_a_folder(fake, tmp_path):
    fake("import numpy\na = numpy.load(flag('--data'))\nassert sorted(a) == ['x', 'xt', 'y', 'yt'], sorted(a)\n"
         "assert flag('--batch') == '7' and flag('--seconds') == '90' and flag('--scale') == 'unit'\n"
         "os.makedirs(flag('--out'))\nopen(flag('--out') + '/report.html', 'w').write('<p>\"page\"</p>')\n" + PRINT)
    d = dcae.diagnose("sigmoid", x, x + 1, valid=(x, x), batch=7, seconds=90, scale="unit", out=tmp_path / "answer")
    assert d.page.exists() and 'srcdoc="&lt;p&gt;&quot;page&quot;' in d._repr_html_()


def test_a_temporary_folder_lives_as_long_as_the_answer(fake):
    fake("os.makedirs(flag('--out'))\n" + PRINT)
    d = dcae.diagnose("sigmoid", x)
    path = d.path
    assert path.exists()
    del d
    assert not path.exists() and not path.parent.exists()


def test_the_programs_sentence_is_the_error(fake):
    fake("print('a remark', file=sys.stderr)\nprint('dcae: layer lstm (LSTM) is not supported', file=sys.stderr)\nsys.exit(1)")
    with pytest.raises(dcae.Error, match="^layer lstm \\(LSTM\\) is not supported$"):
        dcae.diagnose("sigmoid", x)
    fake("os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(dcae.Error, match="ended by SIGKILL; was there enough memory"):
        dcae.diagnose("sigmoid", x)
    fake("print('panic: index out of range\\n\\ngoroutine 1', file=sys.stderr)\nsys.exit(2)")
    with pytest.raises(dcae.Error, match="broke off.*index out of range.*report"):
        dcae.diagnose("sigmoid", x)
    fake("sys.exit(3)")
    with pytest.raises(dcae.Error, match="exit code 3"):
        dcae.diagnose("sigmoid", x)


@pytest.mark.parametrize(("said", "what"), [("", "repair"), ("likely", "likely repair"), ("narrows", "helps until there are more images")])
def test_what_a_change_is_good_for_is_told(fake, said, what):
    fake(f"""print(ANSWER.replace('"learned":', '"{said}": true, "learned":'))""" if said else PRINT)
    d = dcae.diagnose("sigmoid", x)
    assert f"\n{what}: " in str(d) and d.fix.likely == (said == "likely") and d.fix.narrows == (said == "narrows")


def test_remarks_are_warnings(fake):
    fake("print('warning: labels are passed over', file=sys.stderr)\n" + PRINT)
    with pytest.warns(UserWarning, match="passed over"):
        d = dcae.diagnose("sigmoid", x)
    assert d.notes == ["labels are passed over"]


def test_messages_name_arguments_and_no_temporary_files(fake):
    fake("print('dcae: data images: the images are 8x8x1: --resize 16x16 brings them to that size', file=sys.stderr)\nsys.exit(1)")
    with pytest.raises(dcae.Error, match="^the images are 8x8x1: bring them to 16x16$"):
        dcae.diagnose("sigmoid", x)
    fake("print(f'warning: {os.path.dirname(flag(\"--data\"))}/net.pt2: Adam is taken; give --optimizer, --lr and --loss, or save it with the extra file dcae.json', file=sys.stderr)\n"
         "print(ANSWER.replace('it is high', 'give it more time with --seconds'))")
    with pytest.warns(UserWarning):
        d = dcae.diagnose("sigmoid", x)
    assert d.notes == ["Adam is taken; give optimizer and loss"] and d.causes[0].evidence == ["give it more time with seconds"]


def interrupt_after(seconds, times=1):
    def send():
        for _ in range(times):
            time.sleep(seconds)
            signal.raise_signal(signal.SIGINT)

    threading.Thread(target=send).start()


def test_an_interrupt_keeps_what_was_found(fake):
    fake("def end(*_):\n    print(ANSWER.replace('1.5', '1.5, \"interrupted\": true'))\n    print('dcae: interrupted', file=sys.stderr)\n    sys.exit(1)\n"
         "signal.signal(signal.SIGINT, end)\ntime.sleep(30)")
    interrupt_after(1)
    start = time.monotonic()
    d = dcae.diagnose("sigmoid", x)
    assert d.interrupted and d.verdict == "faulty" and time.monotonic() - start < 10


def test_an_interrupted_answer_lies_beside_an_earlier_one(fake, tmp_path):
    fake("def end(*_):\n    os.makedirs(flag('--out') + '/interrupted')\n    open(flag('--out') + '/interrupted/diagnosis.json', 'w').close()\n"
         "    print(ANSWER.replace('1.5', '1.5, \"interrupted\": true'))\n    sys.exit(1)\nsignal.signal(signal.SIGINT, end)\ntime.sleep(30)")
    interrupt_after(1)
    assert dcae.diagnose("sigmoid", x, out=tmp_path).page == tmp_path / "interrupted" / "report.html"


def test_an_interrupt_without_an_answer_is_one(fake):
    fake("def end(*_):\n    sys.exit(1)\nsignal.signal(signal.SIGINT, end)\ntime.sleep(30)")
    interrupt_after(1)
    with pytest.raises(KeyboardInterrupt):
        dcae.diagnose("sigmoid", x)


def test_a_second_interrupt_ends_the_program(fake):
    fake("signal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(30)")
    interrupt_after(1, times=2)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        dcae.diagnose("sigmoid", x)
    assert time.monotonic() - start < 10


def test_a_program_that_is_missing_is_told(monkeypatch):
    monkeypatch.setenv("DCAE", "/nowhere/dcae")
    with pytest.raises(dcae.Error, match="/nowhere/dcae"):
        dcae.version()


def test_with_the_real_program(real, tmp_path):
    d = dcae.diagnose("highlr", np.random.default_rng(2).random((60, 28, 28, 1)), seconds=2, out=tmp_path / "a")
    assert d.verdict in ("faulty", "unknown", "unreliable", "healthy") and d.page.exists() and "<iframe" in d._repr_html_()
    with pytest.raises(dcae.Error, match="nosuch"):
        dcae.diagnose("nosuch.keras", x)
