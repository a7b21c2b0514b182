"""Makes wheels that carry the program, and release archives of it, from this checkout with Go alone.

    python3 wheels.py OUT     all wheels and archives (make wheel)
    pip install cmd/python    one wheel, for this machine: this file is the package's build backend (PEP 517)

A tool such as goreleaser would make the archives, but no wheels; here both carry the same binaries. The same commit, Go and zlib give the same
bytes: no time, path or name of the machine gets in.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
REPOSITORY = PACKAGE.parents[1]


@dataclass(frozen=True)
class Target:
    """A system that wheels and archives are made for."""

    goos: str
    goarch: str
    tag: str  # of the wheel. A static binary runs with every C library; macOS 12 is the oldest that Go 1.26 supports.

    @property
    def program(self) -> str:
        return "dcae.exe" if self.goos == "windows" else "dcae"


TARGETS = [
    Target("linux", "amd64", "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64"),
    Target("linux", "arm64", "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64"),
    Target("darwin", "amd64", "macosx_12_0_x86_64"),
    Target("darwin", "arm64", "macosx_12_0_arm64"),
    Target("windows", "amd64", "win_amd64"),
]


def here() -> Target:
    """The target that this machine is."""
    goos = {"win32": "windows"}.get(sys.platform, sys.platform)
    goarch = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    for t in TARGETS:
        if (t.goos, t.goarch) == (goos, goarch):
            return t
    raise SystemExit(f"there is no wheel for {goos} on {goarch}; go build ./cmd/dcae may work, and DCAE names the program to the package")


def compile_program(target: Target, path: Path) -> None:
    """Builds the program, static and stripped."""
    if not shutil.which("go"):
        raise SystemExit("Go is needed to build the program (https://go.dev), or install a wheel that has it")
    env = os.environ | {"CGO_ENABLED": "0", "GOOS": target.goos, "GOARCH": target.goarch}
    subprocess.run(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(path), "./cmd/dcae"], cwd=REPOSITORY, env=env, check=True)


def settings() -> dict[str, str]:
    """Name, version and the like of pyproject.toml. It is simple enough not to need a TOML library, which Python 3.10 has not."""
    text = (PACKAGE / "pyproject.toml").read_text("utf-8")
    return dict(re.findall(r'^([a-z-]+) = "(.*)"$', text.split("[project]")[1].split("[project.scripts]")[0], re.M)) | {
        "dependencies": re.search(r"^dependencies = \[(.*)\]$", text, re.M)[1].replace('"', ""),
        "classifiers": "\n".join(re.findall(r'^    "(.*)",$', text, re.M)),
        "keywords": ",".join(re.findall(r'"(.*?)"', re.search(r"^keywords = \[(.*)\]$", text, re.M)[1])),
        "script": re.search(r'^dcae = "(.*)"$', text, re.M)[1],
    }


def metadata() -> str:
    """The wheel's METADATA (https://packaging.python.org/en/latest/specifications/core-metadata/)."""
    s = settings()
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {s['name']}",
        f"Version: {s['version']}",
        f"Summary: {s['description']}",
        f"Keywords: {s['keywords']}",
        f"License-Expression: {s['license']}",
        "License-File: LICENSE",
        *(f"Classifier: {c}" for c in s["classifiers"].split("\n")),
        f"Requires-Python: {s['requires-python']}",
        *(f"Requires-Dist: {d.strip()}" for d in s["dependencies"].split(",")),
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + (PACKAGE / "README.md").read_text("utf-8")


def about(tag: str) -> dict[str, bytes]:
    """The files of the wheel's .dist-info but RECORD."""
    s = settings()
    tags = "".join(f"Tag: py3-none-{t}\n" for t in tag.split("."))
    wheel = f"Wheel-Version: 1.0\nGenerator: dcae\nRoot-Is-Purelib: false\n{tags}"
    folder = f"{s['name']}-{s['version']}.dist-info"
    return {
        f"{folder}/METADATA": metadata().encode(),
        f"{folder}/WHEEL": wheel.encode(),
        f"{folder}/entry_points.txt": f"[console_scripts]\ndcae = {s['script']}\n".encode(),
        f"{folder}/licenses/LICENSE": (REPOSITORY / "LICENSE").read_bytes(),
    }


def write_wheel(out: Path, tag: str, files: dict[str, bytes], program: str | None) -> Path:
    """Writes a wheel of the given files; program is the name of the one that can be called."""
    s = settings()
    files = dict(sorted(files.items())) | about(tag)
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    folder = f"{s['name']}-{s['version']}.dist-info"
    files[f"{folder}/RECORD"] = ("\n".join(record) + f"\n{folder}/RECORD,,\n").encode()
    path = out / f"{s['name']}-{s['version']}-py3-none-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for name, content in files.items():
            _add(z, name, content, 0o755 if name == program else 0o644)
    return path


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _add(z: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, wherever this runs: it is the one that keeps modes
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    z.writestr(entry, content)


def sources() -> dict[str, bytes]:
    """The package's own files, without a program that was built in place."""
    root = PACKAGE / "src"
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted((root / "dcae").rglob("*"))
        if p.is_file() and (p.suffix == ".py" or p.name == "py.typed")
    }


def wheel(target: Target, binary: Path, out: Path) -> Path:
    """Writes the wheel of a target."""
    program = f"dcae/bin/{target.program}"
    return write_wheel(out, target.tag, sources() | {program: binary.read_bytes()}, program)


def archive(target: Target, binary: Path, pages: dict[str, bytes], out: Path) -> Path:
    """Writes a release archive: the program, completion files, man pages."""
    name = f"dcae-{settings()['version']}-{target.goos}-{target.goarch}"
    files = {target.program: binary.read_bytes()} | {n: (REPOSITORY / n).read_bytes() for n in ("LICENSE", "README.md")} | pages
    modes = {n: 0o755 if n == target.program else 0o644 for n in files}
    if target.goos == "windows":
        path = out / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
            for n, content in files.items():
                _add(z, f"{name}/{n}", content, modes[n])
        return path
    path = out / f"{name}.tar.gz"
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for n, content in files.items():
            entry = tarfile.TarInfo(f"{name}/{n}")
            entry.size, entry.mode = len(content), modes[n]
            tar.addfile(entry, io.BytesIO(content))
    return path


def man_pages_and_completions(program: Path, scratch: Path) -> dict[str, bytes]:
    """What the program writes about itself."""
    out: dict[str, bytes] = {}
    for shell, file in (("bash", "dcae.bash"), ("zsh", "_dcae"), ("fish", "dcae.fish"), ("powershell", "dcae.ps1")):
        out[f"completions/{file}"] = subprocess.run([program, "completion", shell], check=True, capture_output=True).stdout
    subprocess.run([program, "man", scratch / "man"], check=True)
    return out | {f"man/{p.name}": p.read_bytes() for p in sorted((scratch / "man").iterdir())}


def build_all(out: Path) -> None:
    """Wheels and archives of all targets."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        native = scratch / here().program
        compile_program(here(), native)
        pages = man_pages_and_completions(native, scratch)
        for target in TARGETS:
            binary = native if target == here() else scratch / f"{target.goos}-{target.goarch}"
            if target != here():
                compile_program(target, binary)
            for path in (wheel(target, binary, out), archive(target, binary, pages, out)):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                print(f"{digest}  {path.name}  {path.stat().st_size / 1e6:.1f} MB", flush=True)


# The hooks of PEP 517 and 660, which pip calls.


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: str | None = None) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        binary = Path(scratch) / here().program
        compile_program(here(), binary)
        return wheel(here(), binary, Path(wheel_directory)).name


def build_editable(wheel_directory: str, config_settings: object = None, metadata_directory: str | None = None) -> str:
    """The package stays where it is, and gets the program beside it."""
    binary = PACKAGE / "src/dcae/bin" / here().program
    binary.parent.mkdir(exist_ok=True)
    compile_program(here(), binary)
    return write_wheel(Path(wheel_directory), here().tag, {"dcae.pth": f"{PACKAGE / 'src'}\n".encode()}, None).name


def build_sdist(sdist_directory: str, config_settings: object = None) -> str:
    raise SystemExit("there is no source distribution: the program's sources are the whole repository; build wheels from a checkout of it")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    build_all(Path(sys.argv[1]))
