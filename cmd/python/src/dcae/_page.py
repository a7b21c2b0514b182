"""Pages of the program in a notebook."""

from __future__ import annotations

import html
from pathlib import Path


def inline(page: Path) -> str | None:
    """A page as a part of another one. It keeps to itself: its style and its scripts see nothing else."""
    try:
        text = page.read_text("utf-8")
    except OSError:
        return None
    return (
        f'<iframe srcdoc="{html.escape(text, quote=True)}" sandbox="allow-scripts allow-popups" '
        'style="box-sizing: border-box; width: 100%; height: 640px; border: 1px solid #8884; border-radius: 4px"></iframe>'
    )
