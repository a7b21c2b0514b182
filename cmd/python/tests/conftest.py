"""A stand-in for the program, so that tests need no framework and no training."""

import os
import signal
import stat
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

ANSWER = """{"verdict": "faulty", "causes": [{"cause": "learning_rate_high", "confidence": 0.9, "evidence": ["it is high"]}],
 "fix": {"changes": ["lower"], "keras": "model.compile()", "data": null, "learned": "6/6", "fvu_before": null, "fvu_after": 0.2, "model": ""},
 "seconds": 1.5, "findings": [], "interventions": []}"""


@pytest.fixture(autouse=True)
def interrupts():
    """Interrupts arrive also where the tests run in the background of a shell, which has them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Puts Python code in the program's place. It finds its arguments in ``args``, and the value of a flag by ``flag(name)``."""

    def put(code):
        path = tmp_path / "fake-dcae"
        head = "import os, signal, sys, time\nargs = sys.argv[1:]\ndef flag(name):\n    return args[args.index(name) + 1]\n"
        path.write_text(f"#!{sys.executable}\n{head}ANSWER = '''{ANSWER}'''\n{code}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("DCAE", str(path))

    return put


@pytest.fixture
def real():
    """The real program; what needs it is skipped where DCAE does not name it."""
    if not os.environ.get("DCAE"):
        pytest.skip("DCAE names no program")
