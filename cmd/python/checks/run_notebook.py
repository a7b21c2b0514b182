"""Runs a notebook from top to bottom, and keeps it with its outputs: python run_notebook.py IN OUT"""

import sys

import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
try:
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
finally:
    nbformat.write(notebook, sys.argv[2])
pages = sum("<iframe" in output.get("data", {}).get("text/html", "") for cell in notebook.cells for output in cell.get("outputs", []))
assert pages == 2, f"{pages} pages are shown inline, not 2"
