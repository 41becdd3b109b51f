"""Pages in headless Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--virtual-time-budget=20000",
    "--dump-dom",
)


def loaded(file: Path, *, width: int = 1200) -> tuple[str, list[str]]:
    """Return the page after its scripts ran, and what the console said. The browser's own files go beside it."""
    assert CHROMIUM is not None
    profile = file.parent / "profile"
    done = subprocess.run(
        [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},900", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def marks_of(page: str) -> dict[str, int]:
    """Count the marks with data of each chart."""
    charts = re.split(r'<div class="chart[^"]*" id="', page)[1:]
    mark = re.compile(r'aria-roledescription="(?:bar|[a-z]+ mark)"')
    return {chart.split('"')[0]: len(mark.findall(_svg(chart))) for chart in charts}


def _svg(chart: str) -> str:
    found = re.search(r"<svg\b.*?</svg>", chart, re.DOTALL)
    return found.group() if found else ""
