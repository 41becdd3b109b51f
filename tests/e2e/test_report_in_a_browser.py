"""The report in headless Chromium: nothing goes wrong in it, nothing is fetched, and every chart has marks."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from assay.planning.plan import plan
from assay.planning.records import Records
from assay.planning.study import Study
from assay.reporting.html import html_report
from builders.simulated import simulated_study

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make system-deps")

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


def loaded(folder: Path, study: Study, records: Records, *, width: int = 1200) -> tuple[str, list[str]]:
    """The page as it is after its scripts ran, and what the console said."""
    file = folder / "report.html"
    file.write_text(html_report(study, records, plan(study, records, 1_000_100.0).status), encoding="utf-8")
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *_FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def marks_of(page: str) -> dict[str, int]:
    """By chart, how many marks with data it has."""
    charts = re.split(r'<div class="chart[^"]*" id="', page)[1:]
    mark = re.compile(r'aria-roledescription="(?:bar|[a-z]+ mark)"')
    return {chart.split('"')[0]: len(mark.findall(_svg(chart))) for chart in charts}


def _svg(chart: str) -> str:
    found = re.search(r"<svg\b.*?</svg>", chart, re.DOTALL)
    return found.group() if found else ""


@pytest.mark.parametrize("width", [1200, 390])
def test_every_chart_draws_its_marks_and_the_console_is_silent(tmp_path: Path, width: int) -> None:
    study, records = simulated_study(count=8, seeds=2)
    page, console = loaded(tmp_path, study, records, width=width)
    assert console == []
    assert 'data-drawn="6"' in page
    marks = marks_of(page)
    assert set(marks) == {
        "agreement-chart",
        "rank-chart",
        "difference-chart",
        "score-chart",
        "curve-chart",
        "time-chart",
    }
    assert all(marks.values()), marks
    assert marks["score-chart"] >= len(study.hypotheses)
    assert f"{min(100, len(study.design.trials))} of {len(study.design.trials)} trials" in page


@pytest.mark.parametrize("until", [0, 45], ids=["not started", "running"])
def test_a_report_of_an_unfinished_study_has_a_silent_console_too(tmp_path: Path, until: int) -> None:
    study, records = simulated_study(count=8, seeds=2, until=until)
    page, console = loaded(tmp_path, study, records)
    assert console == []
    assert f'data-drawn="{6 if until else 0}"' in page
