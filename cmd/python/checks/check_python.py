"""make check-python: the wheel in fresh virtual environments, with the real frameworks. Needs pip to reach PyPI, and about 20 minutes.

    python3 check_python.py [FOLDER]      FOLDER keeps the environments for the next time; otherwise they go one by one, for each takes up to 6 GB
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
NOTEBOOKS = ["nbclient", "ipykernel"]
ENVIRONMENTS = [  # name, packages, KERAS_BACKEND, checks, notebook
    ("keras-tensorflow", ["tensorflow-cpu", "keras"], "tensorflow", ["with_keras.py", "with_keras_classes.py"], "keras.ipynb"),
    ("keras-torch", ["torch", "keras"], "torch", ["with_keras.py", "with_keras_classes.py"], "keras.ipynb"),
    ("torch", ["torch"], "", ["with_torch.py"], "torch.ipynb"),
]


def python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def main(folder: Path, keep: bool) -> int:
    failed = []
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, PACKAGE], check=True)
    wheel = max(folder.glob("dcae-*.whl"), key=lambda p: p.stat().st_mtime)
    for name, packages, backend, checks, notebook in ENVIRONMENTS:
        environment = folder / name
        python = python_of(environment)
        if not python.exists():
            venv.create(environment, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *packages, *NOTEBOOKS, wheel], check=True)  # the wheel brings numpy, torch does not
        subprocess.run([python, "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", wheel], check=True)
        env = {k: v for k, v in os.environ.items() if k != "DCAE"} | {"KERAS_BACKEND": backend, "PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}
        with tempfile.TemporaryDirectory() as work:
            for what in (*([PACKAGE / "checks" / c] for c in checks), [PACKAGE / "checks" / "run_notebook.py", PACKAGE / "examples" / notebook, folder / f"{name}.ipynb"]):
                print(f"== {name}: {what[0].name}", flush=True)
                if subprocess.run([python, *what], cwd=work, env=env).returncode:
                    failed.append(f"{name}: {what[0].name}")
        if not keep:
            shutil.rmtree(environment)
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1]).resolve(), keep=True))
    with tempfile.TemporaryDirectory() as fresh:
        sys.exit(main(Path(fresh), keep=False))
