import csv
import io
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "packaging"))
import wheels  # noqa: E402


@pytest.fixture
def binary(tmp_path):
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF" + bytes(1000))
    return path


@pytest.mark.parametrize("target", wheels.TARGETS, ids=lambda t: f"{t.goos}-{t.goarch}")
def test_the_same_bytes_every_time(binary, tmp_path, target):
    made = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for path in (wheels.wheel(target, binary, tmp_path / folder), wheels.archive(target, binary, {"man/dcae.1": b"page"}, tmp_path / folder)):
            made.append(path.read_bytes())
    assert made[:2] == made[2:]


def test_a_wheel_is_whole(binary, tmp_path):
    with zipfile.ZipFile(wheels.wheel(wheels.TARGETS[0], binary, tmp_path)) as z:
        names = set(z.namelist())
        record = {row[0] for row in csv.reader(io.StringIO(z.read("dcae-0.1.0.dist-info/RECORD").decode()))}
        text = z.read("dcae-0.1.0.dist-info/METADATA").decode()
        assert names == record and {"dcae/py.typed", "dcae/__init__.py", "dcae/bin/dcae"} <= names
        assert z.getinfo("dcae/bin/dcae").external_attr >> 16 & 0o111 and not z.getinfo("dcae/__init__.py").external_attr >> 16 & 0o111
    assert "Name: dcae\nVersion: 0.1.0\n" in text and "Requires-Dist: numpy>=1.23\n" in text and "Requires-Python: >=3.10\n" in text


def test_the_versions_agree():
    import dcae

    assert wheels.settings()["version"] == dcae.__version__
