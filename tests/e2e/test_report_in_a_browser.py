"""The report in headless Chromium: nothing goes wrong in it, nothing is fetched, and every chart has marks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.api.resources import REFERENCE, Budget
from assay.planning.plan import plan
from assay.planning.records.records import Records
from assay.planning.study.study import Study
from assay.reporting.html import html_report
from builders.browser import CHROMIUM, loaded, marks_of
from builders.simulated import simulated_study

CHARTS = {"agreement-chart", "rank-chart", "difference-chart", "score-chart", "curve-chart", "time-chart"}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make system-deps")


def loaded_report(folder: Path, study: Study, records: Records, *, width: int = 1200) -> tuple[str, list[str]]:
    """The report as it is after its scripts ran, and what the console said."""
    file = folder / "report.html"
    file.write_text(html_report(study, plan(study, records, 1_000_100.0)), encoding="utf-8")
    return loaded(file, width=width)


@pytest.mark.parametrize("width", [1200, 390])
def test_every_chart_draws_its_marks_and_the_console_is_silent(tmp_path: Path, width: int) -> None:
    study, records = simulated_study(count=8, seeds=2)
    page, console = loaded_report(tmp_path, study, records, width=width)
    assert console == []
    assert 'data-drawn="6"' in page
    marks = marks_of(page)
    assert set(marks) == CHARTS
    assert all(marks.values()), marks
    assert marks["score-chart"] >= len(study.hypotheses)
    assert f"{min(100, len(study.design.trials))} of {len(study.design.trials)} trials" in page


def test_tables_that_a_phone_has_no_room_for_say_that_they_scroll(tmp_path: Path) -> None:
    study, records = simulated_study(count=8, seeds=2)
    said = re.compile(
        r'<p class="scrolls">The table goes on to the right: scroll it sideways\. →</p><div class="box[^>]*tabindex="0"'
    )
    narrow, console = loaded_report(tmp_path, study, records, width=390)
    assert console == []
    assert len(said.findall(narrow)) == 5, "arms, levers, ranking, trials, conditions"
    wide, _ = loaded_report(tmp_path, study, records, width=2400)
    assert said.findall(wide) == []


@pytest.mark.parametrize("until", [0, 45], ids=["not started", "running"])
def test_a_report_of_an_unfinished_study_has_a_silent_console_too(tmp_path: Path, until: int) -> None:
    study, records = simulated_study(count=8, seeds=2, until=until)
    page, console = loaded_report(tmp_path, study, records)
    assert console == []
    assert f'data-drawn="{6 if until else 0}"' in page


def test_hypotheses_with_unequal_seeds_or_none_on_the_reference_are_drawn(tmp_path: Path) -> None:
    study, every = simulated_study(count=10, seeds=2, maximum=3, budget=Budget(accelerator_seconds=40))
    cheap = [trial for trial in study.design.trials if trial.arm == "small" and trial.seed == 0]
    dear = [trial for trial in study.design.trials if trial.arm == REFERENCE and trial.seed == 0][:6]
    again = [trial for trial in study.design.trials if trial.arm == REFERENCE and trial.seed == 1][:1]
    records = {trial.key: every[trial.key] for trial in (*cheap, *dear, *again)}
    page, console = loaded_report(tmp_path, study, records)
    assert console == []
    marks = marks_of(page)
    assert set(marks) == CHARTS
    assert all(marks.values()), marks
    assert marks["score-chart"] >= len(study.hypotheses)
    assert "1 on small" in page
