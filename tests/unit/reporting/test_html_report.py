"""The report in all states that a study can be in."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import altair as alt
import pytest

from assay.api.resources import (
    REFERENCE,
    Budget,
    DatasetReference,
    Goal,
    ProxyStudyStatus,
    Trust,
    TrustStatistic,
    Verdict,
)
from assay.planning.plan import plan
from assay.planning.records.records import Records, WorkRecord
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.study import Study
from assay.ranking.memory import Memory
from assay.reporting.html import html_report
from builders.effort import THOROUGH
from builders.manifests import a_hypothesis, a_proxy
from builders.simulated import simulated_study
from builders.statuses import REVOKED_MESSAGE, revoked, with_row
from builders.studies import a_failure, a_study, records_of_scores

NOW = 1_000_100.0
MEMORY = Memory(500)  # the same studies are judged again and again
SECTIONS = ("proxies", "ranks", "ranking", "curves", "time", "trials", "state")
ALL_CHARTS = {"agreement-chart", "rank-chart", "difference-chart", "score-chart", "curve-chart", "time-chart"}
EVIL = "</script><script>alert('1')</script> <img src=x onerror=alert(2)> & \"quoted\""
_VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """Reads a page and refuses elements that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
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
    """Return all rows of a chart's data."""
    return [row for rows in page.data["charts"][chart]["datasets"].values() for row in rows]


def page_of(study: Study, records: Records, status: ProxyStudyStatus | None = None) -> Page:
    decided = plan(study, records, NOW, memory=MEMORY)
    if status is not None:
        whole = len(status.ranking) == len(study.hypotheses)
        decided = replace(decided, status=status, ranking=status.ranking if whole else decided.ranking)
    page = Page(html_report(study, decided))
    if THOROUGH:
        for chart in page.data["charts"].values():
            check(chart)
    return page


def check(chart: dict[str, Any]) -> None:
    """Check that the chart is as Vega-Lite defines charts."""
    # A background of null is no colour to the definition, and "as the page's" to the library.
    alt.Root.validate(chart | {"config": {}})


def text_of(page: Page) -> str:
    return " ".join("".join(page.text).split())


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


@pytest.fixture(scope="module")
def whole_page(whole: tuple[Study, Records]) -> Page:
    return page_of(*whole)


def test_a_finished_study_has_all_sections_and_draws_all_charts(whole: tuple[Study, Records], whole_page: Page) -> None:
    page = whole_page
    assert set(SECTIONS) <= page.ids
    assert set(page.data["charts"]) == ALL_CHARTS
    assert page.ids >= ALL_CHARTS
    assert len(page.data["trials"]["rows"]) == len(whole[0].design.trials)


@pytest.mark.parametrize("chart", sorted(ALL_CHARTS))
def test_every_chart_is_as_vega_lite_defines_charts(whole_page: Page, chart: str) -> None:
    check(whole_page.data["charts"][chart])


def test_nothing_is_fetched(whole_page: Page) -> None:
    for tag, attributes in whole_page.elements:
        assert "src" not in attributes, tag
        assert "srcset" not in attributes, tag
        href = attributes.get("href")
        assert href is None or href.startswith(("#", "data:")), (tag, href)
    assert not re.search(r"@import|url\(", whole_page.source.split("</style>")[0])
    assert '"url"' not in json.dumps(whole_page.data["charts"])


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
    text = html_report(study, plan(study, records, NOW, memory=MEMORY))
    page = Page(text)
    points = [row for row in drawn(page, "curve-chart") if "epoch" in row]
    assert len(points) <= 20_000
    assert max(point["epoch"] for point in points) == 300
    assert all(any(hypothesis.name == said for said in page.text) for hypothesis in study.hypotheses)
    assert len(text) < 2_500_000


@pytest.mark.parametrize("statistic", list(TrustStatistic))
def test_proxies_are_drawn_by_the_statistic_that_trust_is_about(statistic: TrustStatistic) -> None:
    study, records = simulated_study(count=10, seeds=3, trust=Trust(statistic=statistic, threshold="0.9"))
    status = plan(study, records, NOW, memory=MEMORY).status
    page = page_of(study, records, status)
    points = {row["proxy"]: row for row in drawn(page, "agreement-chart") if "proxy" in row}
    for arm in status.arms[1:]:
        assert arm.certificate is not None
        ends = [float(end or "nan") for end in (arm.certificate.value, arm.certificate.low, arm.certificate.high)]
        assert [points[arm.name][end] for end in ("value", "low", "high")] == ends
    rules = {row["name"].split(" 0")[0] for row in drawn(page, "agreement-chart") if "name" in row}
    assert rules == ({"threshold", "noise ceiling"} if statistic is TrustStatistic.KENDALL_TAU else {"threshold"})


def test_a_revoked_certificate_is_shown_plainly(whole: tuple[Study, Records]) -> None:
    study, records = whole
    page = page_of(study, records, revoked(plan(study, records, NOW, memory=MEMORY).status, "short"))
    assert page.text.count("Revoked") == 2  # in the legend and in the table
    assert f"No proxy may be trusted any more. {REVOKED_MESSAGE.replace(' %', chr(160) + '%')}" in "".join(page.text)
    point = next(row for row in drawn(page, "agreement-chart") if row.get("proxy") == "short")
    assert point["trust"] == "Revoked"


def test_what_may_be_the_best_and_why_there_is_no_verdict_are_in_the_ranking(whole: tuple[Study, Records]) -> None:
    study, records = whole
    status = plan(study, records, NOW, memory=MEMORY).status
    first, second, *others = (row.name for row in status.ranking)
    for name in (first, second, *others):
        status = with_row(status, name, may_be_best=name in (first, second))
    status = with_row(status, others[0], verdict=Verdict.INCONCLUSIVE, message="More seeds would hardly decide it.")
    status = with_row(status, others[1], arm="small", seeds=1)
    page = page_of(study, records, status)
    text = text_of(page)
    assert f"The best is one of {first} and {second} (*), at 95\u00a0% confidence." in "".join(page.text)
    assert "*: it may be the best." in text
    assert "More seeds would hardly decide it." in text
    assert "1 on small" in text


def test_hypotheses_that_an_arm_lacks_leave_the_lines_of_the_others_uncrossed() -> None:
    study = a_study(hypotheses=6, proxies=[a_proxy("short")])
    value = {hypothesis.name: number for number, hypothesis in enumerate(study.hypotheses)}
    lacking = study.hypotheses[4].name

    def score(trial: PlannedTrial) -> float | None:
        if trial.arm == "short" and trial.hypothesis == lacking:
            return None
        return value[trial.hypothesis] + 0.01 * trial.seed

    page = page_of(study, records_of_scores(study, score))
    places = {(row["arm"], row["hypothesis"]): row["place"] for row in drawn(page, "rank-chart") if "place" in row}
    assert ("short", lacking) not in places
    on_short = [name for arm, name in places if arm == "short"]
    assert len(on_short) == 5
    assert all(places["short", name] == places[REFERENCE, name] for name in on_short)


def test_seeds_beyond_those_that_count_change_no_rank_that_is_drawn() -> None:
    study = a_study(hypotheses=4, proxies=[a_proxy("short")], seeds=3, maximum=8)
    value = {hypothesis.name: number for number, hypothesis in enumerate(study.hypotheses)}
    odd = random.Random(1)

    def score(trial: PlannedTrial) -> float:
        """Return scores by which the first three seeds decide everything; the later ones say the opposite."""
        return (1 if trial.seed < 3 else -10) * value[trial.hypothesis] + odd.gauss(0, 0.01)

    records = records_of_scores(study, score)
    status = plan(study, records, NOW, memory=MEMORY).status
    assert [row.name for row in status.ranking] == list(value)[::-1]
    places = {row["hypothesis"]: row["place"] for row in drawn(page_of(study, records, status), "rank-chart")
              if row.get("arm") == REFERENCE}  # fmt: skip
    assert sorted(places, key=lambda name: places[name]) == list(value)[::-1]


def test_a_budget_that_buys_an_order_alone_can_be_read() -> None:
    study, every = simulated_study(count=10, seeds=2, maximum=3, budget=Budget(accelerator_seconds=40))
    some = [trial for trial in study.design.trials if trial.seed == 0 and trial.arm in (REFERENCE, "small")]
    reference = {trial.hypothesis for trial in some[:8]}
    records = {
        trial.key: every[trial.key] for trial in some if trial.arm == "small" or trial.hypothesis in reference
    }  # some of them have no seed on the reference
    status = plan(study, records, NOW, memory=MEMORY).status
    assert any(row.arm == "small" for row in status.ranking)
    page = page_of(study, records, status)
    assert "it buys an order, and no certificate" in text_of(page)
    assert "are expected to be in the right order" in text_of(page)
    assert {"rank-chart", "score-chart"} <= set(page.data["charts"])


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (DatasetReference(manifest="s3://datasets/fashion%20items/manifest.json"), " on fashion items: "),
        (
            DatasetReference(uri="s3://k/houses.csv?x=1", version="3"),
            " on version 3 of houses.csv, as the study states",
        ),
        (DatasetReference(version="v" * 100), f" on version {'v' * 59}… of its data, as the study states it: "),
    ],
)
def test_the_data_are_named_below_the_title(data: DatasetReference, want: str) -> None:
    study = a_study(dataset=data)
    assert want in text_of(page_of(study, records_of_scores(study, lambda trial: 0.5)))


def test_of_a_proxy_all_of_whose_trials_failed_it_is_not_said_what_that_rests_on() -> None:
    study, records = simulated_study(count=4, seeds=2)
    arm = study.design.trials[-1].arm
    assert arm != REFERENCE
    text = text_of(page_of(study, failed(study, records, arm=arm)))
    assert "failed" in text
    assert "of 0 hypotheses" not in text
