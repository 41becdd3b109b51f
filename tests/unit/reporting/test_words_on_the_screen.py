"""The words on the screen are understood by somebody who has read nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from assay.api.resources import CostLedger, ProxyStudyStatus, TrialCounts, TrustDecision
from assay.planning.actions import Plan
from assay.planning.plan import plan
from assay.planning.records.records import Records, WorkRecord
from assay.planning.study.study import Study
from assay.ranking.memory import Memory
from assay.reporting.advice import advice
from assay.reporting.answers import cost_answer, verdict_answer
from assay.reporting.html import html_report
from assay.reporting.markdown import markdown
from assay.reporting.study_list import study_list
from assay.reporting.tables import summary
from assay.reporting.time_shares import TimeShare, time_answer
from assay.reporting.trust_answer import trust_answer
from builders.simulated import simulated_study
from builders.statuses import with_arm, with_row
from builders.studies import a_failure, a_study, records_of_scores
from builders.terminal import shown

NOW = 1_000_100.0
MEMORY = Memory(500)  # the same studies are judged again and again
BEST = "flip"


@pytest.fixture(scope="module")
def whole() -> tuple[Study, ProxyStudyStatus]:
    study, records = simulated_study()
    return study, plan(study, records, NOW, memory=MEMORY).status


@cache
def with_failed_seeds(failed: int) -> tuple[Study, Records, Plan]:
    """A study of four seeds in which the best hypothesis has failed with its last seeds on the reference."""
    study, records = simulated_study(count=12, seeds=4, proxies=(), noise=0.002)
    lost = {trial.key for trial in study.design.trials if trial.hypothesis == BEST and trial.seed >= 4 - failed}
    failures = {key: WorkRecord(failures=(a_failure(key, message="loss is NaN"),)) for key in lost}
    records = {**records, **failures}
    return study, records, plan(study, records, NOW, memory=MEMORY)


# ----------------------------------------------------------------------------- answers first


@pytest.mark.parametrize("width", [40, 80, 120])
def test_answers_come_before_tables_and_what_columns_mean_where_it_is_asked_for(
    whole: tuple[Study, ProxyStudyStatus], width: int
) -> None:
    text = shown(summary(*whole), width)
    order = [text.index(word) for word in ("Proxies: ", "Hypotheses: ", "Next: ", "Which cheap", "Which hypotheses")]
    assert order == sorted(order)
    assert "Proxies: Trust small" in " ".join(text.split())
    assert "0 unrelated, -1 reversed" not in text
    assert "What the columns mean: --explain." in text
    explained = " ".join(shown(summary(*whole, explain=True), width).split())
    assert "0 unrelated, -1 reversed" in explained
    assert "all intervals together at 95 % confidence" in explained
    assert "--explain" not in explained


def test_a_study_that_is_not_done_says_so_before_anything_else() -> None:
    study, records = simulated_study(until=20)
    lines = shown(summary(study, plan(study, records, NOW, memory=MEMORY).status), 100).splitlines()
    assert lines[1].startswith("Not done yet (TrialsOpen): 20 of 240 trials succeeded.")
    assert "Next: 220 trials of the study are still to end" in " ".join(lines)


# ----------------------------------------------------------------------------- failed seeds


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_a_hypothesis_with_failed_seeds_shows_it_at_any_width(width: int) -> None:
    study, _, decided = with_failed_seeds(2)
    status = decided.status
    assert (status.ranking[-1].name, status.ranking[-1].seeds, status.ranking[-1].failed_seeds) == (BEST, 2, 2)
    text = shown(summary(study, status), width)
    assert max(map(len, text.splitlines())) <= width
    assert re.search(rf"^12 .*{BEST[:4]}.* 2/4\b", text, re.M), text
    words = " ".join(text.split())
    assert f"1 unstable: {BEST} (2 of 4 seeds failed)" in words
    assert not re.search(rf"Better than the baseline: [^.]*{BEST}", words), words
    assert re.search(r"Best: The best of those that do not fail is .*; 1 unstable hypothesis left aside\.", words), (
        words
    )
    assert f"{BEST}: 2 of 4 seeds failed. TrainFunctionRaised: loss is NaN." in words
    assert f"Next: First look into the 2 failed trials ({BEST})." in words


def test_failed_seeds_are_in_the_report_and_in_the_comment_too() -> None:
    study, _, decided = with_failed_seeds(2)
    status = decided.status
    assert "| **2/4**, 2 failed |" in markdown(study, status)
    assert f"{BEST} (2 of 4 seeds failed)" in markdown(study, status)
    page = html_report(study, decided)
    assert f"{BEST} (2/4)" in page
    assert '<td class="number failure">2/4, 2 failed</td>' in page
    assert f"{BEST} (2 of 4 seeds failed)" in page


def test_where_nothing_failed_nothing_is_said_of_failures() -> None:
    study, _, decided = with_failed_seeds(0)
    status = decided.status
    assert all(row.failed_seeds is None for row in status.ranking)
    assert "failed" not in shown(summary(study, status), 120)


def test_many_hypotheses_with_failed_seeds_do_not_bury_the_rest() -> None:
    study, records = simulated_study(count=40)
    status = plan(study, records, NOW, memory=MEMORY).status
    for row in status.ranking:
        status = with_row(status, row.name, seeds=2, failed_seeds=1, message="OutOfMemory: killed")
    text = shown(summary(study, status), 100)
    assert len(re.findall(r"^\S+: 1 of 3 seeds failed\. ", text, re.M)) == 20
    assert re.search(r"Failed seeds, too: .* and 8 more\.", " ".join(text.split()))


# ----------------------------------------------------------------------------- headlines


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        ({"saving_percent": 1, "break_even_hypotheses": 1547}, "a study on it alone saves almost nothing, 1 %."),
        ({"saving_percent": -20, "break_even_hypotheses": None}, "costs 120 % of one on the reference, so it saves"),
        ({"saving_percent": 40, "break_even_hypotheses": 800}, "only after 800 hypotheses, 50 times as many as the"),
    ],
)
def test_a_trusted_proxy_that_saves_nothing_is_no_headline(
    whole: tuple[Study, ProxyStudyStatus], fields: dict[str, Any], want: str
) -> None:
    study, status = whole
    poor = with_arm(status, "small", **fields)
    said = trust_answer(study, poor)
    assert said.startswith("small may be trusted, but is not worth it: ")
    assert want in said
    assert advice(study, poor).endswith("Go on with the reference.")
    assert "is back after" not in said


def test_of_several_trusted_proxies_one_that_is_worth_it_is_named_first(
    whole: tuple[Study, ProxyStudyStatus],
) -> None:
    study, status = whole
    both = with_arm(with_arm(status, "small", saving_percent=2), "quarter", decision=TrustDecision.TRUSTED)
    assert both.recommended_proxy == "small"
    assert trust_answer(study, both).startswith("Trust quarter: ")
    assert "Also trusted: small." in trust_answer(study, both)


def test_a_price_that_nobody_pays_is_not_said_as_if_it_were_a_way() -> None:
    study, records = simulated_study(count=12)
    status = plan(study, records, NOW, memory=MEMORY).status
    found = next(arm.certificate for arm in status.arms if arm.name == "small")
    assert found is not None
    needed = {"needed_hypotheses": 1900, "needed_seeds": None, "needed_accelerator_seconds": "3720000"}
    undecided = with_arm(status, "small", decision=TrustDecision.UNDECIDED, certificate=found.model_copy(update=needed))
    for text in (shown(summary(study, undecided), 100), markdown(study, undecided)):
        assert "3,720,000" not in text


# ----------------------------------------------------------------------------- what to do next


def test_what_to_do_next_follows_from_what_was_found(whole: tuple[Study, ProxyStudyStatus]) -> None:
    study, status = whole
    best = status.ranking[0].name
    assert advice(study, status) == (
        f"Adopt {best}. Compare further hypotheses on small: spec.screening does so, and audits it."
    )
    on_proxy = with_row(status, best, arm="small")
    assert advice(study, on_proxy).startswith(f"Confirm {best} on the reference.")
    for name in ("quarter", "coreset", "short", "small"):
        status = with_arm(status, name, decision=TrustDecision.NOT_TRUSTED)
    assert advice(study, status).endswith("or try a proxy that is closer to it.")
    suspended = plan(a_study(suspend=True), {}, NOW).status
    assert advice(study, suspended) == "Set spec.suspend to false to go on."
    assert advice(study, ProxyStudyStatus()) == "The study has not begun."
    alone = a_study(hypotheses=1)
    alone_status = plan(alone, records_of_scores(alone, lambda _: 0.5), NOW).status
    assert advice(alone, alone_status).startswith("Let the study select further hypotheses")
    failed = alone_status.model_copy(update={"trials": alone_status.trials.model_copy(update={"failed": 2})})
    assert advice(alone, failed).startswith("Find out why the trials failed")


# ----------------------------------------------------------------------------- time, and what no longer counts


def shares(**of_phases: float) -> tuple[TimeShare, ...]:
    return tuple(TimeShare("reference", phase, share, 10 * share) for phase, share in of_phases.items())


@pytest.mark.parametrize(
    ("phases", "want"),
    [
        ({"other": 0.92, "evaluation": 0.05, "setup": 0.03}, "The train function names no phases, so what 92 %"),
        ({"other": 0.6, "forward": 0.4}, "The train function names too few phases, so what 60 %"),
    ],
)
def test_time_in_no_phase_is_said_to_be_so_with_how_to_name_it(phases: dict[str, float], want: str) -> None:
    said = time_answer(shares(**phases))
    assert want in said
    assert 'with trial.timed("forward"): …' in said
    assert "% other" not in said


def test_a_function_that_names_its_phases_gets_no_advice() -> None:
    assert "trial.timed" not in time_answer(shares(other=0.1, forward=0.5, backward=0.4))


def test_what_was_spent_on_trials_that_no_longer_count_is_told_apart_everywhere() -> None:
    study, records = simulated_study(count=8)
    decided = plan(study, records, NOW, memory=MEMORY)
    status = decided.status
    cost = CostLedger(
        accelerator_seconds="100",
        reference_accelerator_seconds="70",
        proxies_accelerator_seconds="30",
        stale_accelerator_seconds="25",
    )
    status = status.model_copy(update={"cost": cost, "trials": status.trials.model_copy(update={"stale": 12})})
    assert cost_answer(status).startswith("Spent on what counts: 75.0 accelerator seconds. Spent before on trials")
    assert "has changed: 25.0. Together 100 (the reference 70.0, proxies 30.0)." in cost_answer(status)
    page = html_report(study, replace(decided, status=status)).replace("\u00a0", " ")
    for text in (shown(summary(study, status), 300), markdown(study, status), page):
        assert "Spent on what counts: 75.0" in text
        assert re.search(r"12 earlier (ones|trials) no longer count", text)


# ----------------------------------------------------------------------------- the list of studies


def test_a_list_of_studies_says_of_each_how_far_it_is_and_what_is_in_the_way() -> None:
    def a_manifest(name: str, **status: Any) -> dict[str, Any]:
        return {"metadata": {"name": name, "namespace": "team"}, "status": status}

    conditions = [{"type": "Accepted", "status": "True"}, {"type": "Stalled", "status": "True", "reason": "NoQuota"}]
    studies = [
        a_manifest("new"),
        a_manifest("stuck", trials={"planned": 8, "succeeded": 1, "failed": 2}, conditions=conditions),
        a_manifest(
            "done",
            trials={"planned": 8, "succeeded": 8},
            recommendedProxy="short",
            ranking=[{"name": "muon", "verdict": "Better"}, {"name": "baseline", "verdict": "Baseline"}],
            conditions=[{"type": "Succeeded", "status": "True", "reason": "AllTrialsEnded"}],
        ),
    ]
    lines = shown(study_list(studies, namespaces=True), 120).splitlines()
    assert re.match(r"namespace +study +trials +trusted +better +state", lines[0])
    assert re.match(r"team +new +– +– +– +not seen by the operator yet", lines[1])
    assert re.match(r"team +stuck +3/8, 2 failed +– +– +NoQuota", lines[2])
    assert re.match(r"team +done +8/8 +short +muon +AllTrialsEnded", lines[3])
    assert "namespace" not in shown(study_list(studies, namespaces=False), 120)


def test_counts_of_a_status_that_says_nothing_are_none() -> None:
    assert verdict_answer(a_study(), ProxyStudyStatus(trials=TrialCounts())).startswith("No hypothesis has a score")
