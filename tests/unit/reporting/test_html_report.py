"""The report in all states that a study can be in."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from assay.api.resources import REFERENCE, Goal
from assay.planning.plan import plan
from assay.planning.records import Records, WorkRecord
from assay.planning.study import Study
from assay.reporting.html import html_report
from builders.manifests import a_hypothesis, a_proxy
from builders.simulated import simulated_study
from builders.studies import a_failure, a_study, records_of_scores

NOW = 1_000_100.0
SECTIONS = ("proxies", "ranks", "ranking", "curves", "time", "trials", "state")
ALL_CHARTS = {"agreement-chart", "rank-chart", "difference-chart", "score-chart", "curve-chart", "time-chart"}
EVIL = "</script><script>alert('1')</script> <img src=x onerror=alert(2)> & \"quoted\""
_VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """Reads a page and refuses elements that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._data: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["script"]:
            if self.elements[-1] == ("script", {"type": "application/json", "id": "data"}):
                self._data.append(data)
        elif self._open[-1:] != ["style"]:
            self.text.append(data)

    @property
    def data(self) -> dict[str, Any]:
        """What the charts and the table of trials are drawn from."""
        found: dict[str, Any] = json.loads("".join(self._data))
        return found

    @property
    def ids(self) -> set[str]:
        return {identifier for _, attributes in self.elements if (identifier := attributes.get("id"))}


def drawn(page: Page, chart: str) -> list[dict[str, Any]]:
    """All rows of a chart's data."""
    return [row for rows in page.data["charts"][chart]["datasets"].values() for row in rows]


def page_of(study: Study, records: Records) -> Page:
    return Page(html_report(study, records, plan(study, records, NOW).status))


def failed(study: Study, records: Records, **where: object) -> Records:
    """The records with failures of the trials whose fields are as given."""
    return dict(records) | {
        trial.key: WorkRecord(failures=(a_failure(trial.key, message=EVIL),))
        for trial in study.design.trials
        if all(getattr(trial, field) == value for field, value in where.items())
    }


@pytest.fixture(scope="module")
def whole() -> tuple[Study, Records]:
    return simulated_study(count=8, seeds=2)


def test_a_finished_study_has_all_sections_and_draws_all_charts(whole: tuple[Study, Records]) -> None:
    page = page_of(*whole)
    assert set(SECTIONS) <= page.ids
    assert set(page.data["charts"]) == ALL_CHARTS
    assert page.ids >= ALL_CHARTS
    assert len(page.data["trials"]["rows"]) == len(whole[0].design.trials)


def test_nothing_is_fetched(whole: tuple[Study, Records]) -> None:
    study, records = whole
    page = page_of(study, records)
    for tag, attributes in page.elements:
        assert "src" not in attributes, tag
        assert "srcset" not in attributes, tag
        href = attributes.get("href")
        assert href is None or href.startswith(("#", "data:")), (tag, href)
    assert not re.search(
        r"@import|url\(", html_report(study, records, plan(study, records, NOW).status).split("</style>")[0]
    )
    assert '"url"' not in json.dumps(page.data["charts"])


def test_text_of_users_stays_text() -> None:
    study = a_study(hypotheses=[a_hypothesis("baseline"), a_hypothesis("evil", statement=EVIL)], proxies=[a_proxy()])
    records = records_of_scores(study, lambda trial: 0.9 + 0.001 * trial.seed if trial.hypothesis == "evil" else 0.8)
    page = page_of(study, failed(study, records, seed=1, arm="short"))
    assert sum(tag == "script" for tag, _ in page.elements) == 3
    assert all(tag != "img" for tag, _ in page.elements)
    assert any(EVIL in text for text in page.text)
    assert any(EVIL in message for message in page.data["trials"]["messages"])


def test_failed_trials_are_shown_with_their_reason(whole: tuple[Study, Records]) -> None:
    study, records = whole
    page = page_of(study, failed(study, records, hypothesis="cutout"))
    table = page.data["trials"]
    rows = [row for row in table["rows"] if table["hypotheses"][row[0]] == "cutout"]
    assert rows
    for _, _, _, score, seconds, state, message in rows:
        assert (score, seconds, state) == (None, 1.0, "failed")
        assert table["messages"][message].startswith("TrainFunctionRaised: ")
    assert "Failed" in "".join(page.text)
    assert "Not drawn, since without a score on the reference: cutout." in "".join(page.text)


def test_without_proxies_there_is_no_chart_of_proxies() -> None:
    page = page_of(*simulated_study(count=4, seeds=2, proxies=()))
    assert set(page.data["charts"]) == ALL_CHARTS - {"agreement-chart", "rank-chart"}
    assert "The study has no proxies." in page.text


def test_a_study_that_has_not_started_says_so_in_every_section(whole: tuple[Study, Records]) -> None:
    page = page_of(whole[0], {})
    assert page.data["charts"] == {}
    assert set(SECTIONS) <= page.ids
    assert "Nothing has been spent yet." in "".join(page.text)


def test_a_study_that_still_runs_calls_nothing_final(whole: tuple[Study, Records]) -> None:
    study, _ = whole
    _, records = simulated_study(count=8, seeds=2, until=45)
    page = page_of(study, records)
    text = "".join(page.text)
    assert set(page.data["charts"]) == ALL_CHARTS
    assert "No proxy is judged yet" in text
    assert "So far, and not final" in text


def test_a_study_in_which_everything_failed_can_be_read(whole: tuple[Study, Records]) -> None:
    study, records = whole
    page = page_of(study, failed(study, records))
    assert page.data["charts"] == {}
    assert "nothing can be compared" in "".join(page.text)


def test_an_arm_of_which_every_trial_failed_is_left_out_of_the_charts(whole: tuple[Study, Records]) -> None:
    study, records = whole
    page = page_of(study, failed(study, records, arm="small"))
    drawn = json.dumps(page.data["charts"]["rank-chart"])
    assert '"short"' in drawn
    assert '"small"' not in drawn


def test_a_single_hypothesis_is_shown() -> None:
    page = page_of(*simulated_study(count=1, seeds=2))
    assert "score-chart" in page.data["charts"]
    assert "There is nothing to compare the baseline with." in "".join(page.text)


def test_where_lower_is_better_the_page_says_so() -> None:
    study, records = simulated_study(count=6, seeds=2, goal=Goal.MINIMIZE)
    page = page_of(study, records)
    text = "".join(page.text)
    assert "lower is better" in text
    assert "its whole line lies left of 0" in text
    on_reference = [row for row in drawn(page, "rank-chart") if row["arm"] == REFERENCE]
    by_rank = sorted(on_reference, key=lambda row: int(row["rank"]))
    scores = [float(each["score"]) for each in by_rank]
    assert scores == sorted(scores)


def test_trials_without_profile_or_curve_still_show_where_time_went() -> None:
    study = a_study(hypotheses=3)
    page = page_of(
        study, records_of_scores(study, lambda trial: 0.9 + 0.01 * trial.seed + 0.02 * len(trial.hypothesis))
    )
    phases = {row["phase"] for row in drawn(page, "time-chart")}
    assert phases == {"setup", "training", "evaluation"}
    assert "No trial reported a learning curve." in page.text


def test_a_metric_that_the_curves_lack_is_replaced_by_one_that_they_have(whole: tuple[Study, Records]) -> None:
    study, records = whole
    renamed = {}
    for key, record in records.items():
        curve = getattr(record.result, "curve", ())
        points = tuple(point.model_copy(update={"metrics": {"loss": 1.0 / point.epoch}}) for point in curve)
        result = record.result.model_copy(update={"curve": points}) if record.result and curve else record.result
        renamed[key] = replace(record, result=result)
    page = page_of(study, renamed)
    assert "It did not report accuracy, so this is loss." in "".join(page.text)
    assert "curve-chart" in page.data["charts"]


def test_a_report_of_a_large_study_is_bounded_and_ranks_all_hypotheses() -> None:
    study, records = simulated_study(count=70, seeds=2, epochs=300, proxies=())
    text = html_report(study, records, plan(study, records, NOW).status)
    page = Page(text)
    points = [row for row in drawn(page, "curve-chart") if "epoch" in row]
    assert len(points) <= 20_000
    assert max(point["epoch"] for point in points) == 300
    assert all(any(hypothesis.name == said for said in page.text) for hypothesis in study.hypotheses)
    assert len(text) < 2_500_000
