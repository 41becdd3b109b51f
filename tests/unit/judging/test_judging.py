"""Past runs judged: the study that they are, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from assay.api.errors import InvalidInput
from assay.api.resources import Goal
from assay.judging.findings import Findings
from assay.judging.found import findings_of
from assay.judging.judge import judge_table
from assay.judging.options import JudgingOptions
from assay.ranking import Scores, agreement, compare_with_baseline, noise_ceiling, rank_intervals
from assay.recorded.table import RecordedRun, Table
from builders.tables import a_table

SECONDS = {"27": 27.0, "9": 9.0, "3": 3.0}
NOISE = np.random.default_rng(7).normal(size=(40, 3, 8))


def worth(hypothesis: str) -> float:
    return int(hypothesis[1:]) / 4


def noisy(hypothesis: str, arm: str, seed: int) -> float:
    return worth(hypothesis) + 0.1 * float(NOISE[int(hypothesis[1:]), list(SECONDS).index(arm), seed])


def runs(
    hypotheses: int = 8,
    seeds: int = 3,
    *,
    replaced: Mapping[tuple[str, str, int], RecordedRun | None] | None = None,
    shown: str = "{}",
    **changed: Any,
) -> Table:
    """Return runs of hypotheses h0, h1, … of rising scores on the arms 3, 9 and 27 epochs."""
    names = [f"h{number}" for number in range(hypotheses)]
    table = a_table(
        names, tuple(SECONDS), seeds, cost=lambda _, arm, __: SECONDS[arm], score=noisy, runs=replaced or {}
    )
    called = {name: shown.format(name) for name in names}
    return replace(table, **{"arm_column": "epochs", "score_column": "accuracy", "hypothesis_names": called} | changed)


def judged(table: Table, score: str = "accuracy", maker: Goal | None = None, **options: Any) -> Findings:
    """Judge a table; `maker` is the goal that whoever made the scores says."""
    table = replace(table, score_column=score)
    return findings_of(judge_table(table, JudgingOptions.of(**options), name="runs.csv", goal=maker))


def scores(table: Table, arm: str) -> Scores:
    values = np.full((len(table.hypotheses), table.seeds), np.nan)
    for (hypothesis, of, seed), run in table.runs.items():
        if of == arm and run.score is not None:
            values[table.hypotheses.index(hypothesis), seed] = run.score
    return Scores(table.hypotheses, tuple(range(table.seeds)), values)


# ---------------------------------------------------------------- the numbers


def test_verdicts_are_those_of_the_ranking_functions() -> None:
    table = runs()
    found = judged(table, baseline="h3")
    want = compare_with_baseline(scores(table, "27"), "h3", smallest_effect=0, confidence=0.95)
    by_name = {each.name: each for each in found.hypotheses}
    for each in want:
        got = by_name[each.hypothesis]
        assert got.verdict == each.verdict
        assert (got.difference, got.difference_low, got.difference_high) == pytest.approx(
            (each.difference, each.low, each.high)
        )
    assert {each.verdict for each in want} == {"Better", "Worse", "Inconclusive"}


def test_ranks_and_scores_are_those_of_the_ranking_functions() -> None:
    table = runs()
    found = judged(table, baseline="h3")
    want = {each.hypothesis: each for each in rank_intervals(scores(table, "27"), 0.95)}
    for got in found.hypotheses:
        interval = want[got.name]
        assert (got.rank, got.rank_low, got.rank_high) == (interval.rank, interval.low, interval.high)
        assert (got.score, got.low, got.high) == pytest.approx(
            (interval.score, interval.score_low, interval.score_high)
        )
        assert got.may_be_best == interval.may_be_best
    assert [got.rank for got in found.hypotheses] == list(range(1, 9))


def test_agreement_and_ceiling_are_those_of_the_ranking_functions() -> None:
    table = runs()
    found = judged(table)
    for each in found.proxies:
        want = agreement(scores(table, "27"), scores(table, each.name), top_k=3)
        assert each.kendall_tau == pytest.approx(want.kendall_tau)
        assert each.spearman_rho == pytest.approx(want.spearman_rho)
        assert each.top_k_overlap == want.top_k_overlap
    assert found.noise_ceiling == pytest.approx(noise_ceiling(scores(table, "27")))


def test_of_a_loss_less_is_better() -> None:
    table = runs()
    found = judged(table, score="val_loss", baseline="h3")
    assert found.goal == "Minimize"
    assert found.hypotheses[0].name == "h0"
    by_name = {each.name: each for each in found.hypotheses}
    assert by_name["h0"].verdict == "Better"
    difference = by_name["h0"].difference
    assert difference is not None
    assert difference < 0


def test_what_a_caller_or_a_store_says_of_the_goal_holds_over_the_name() -> None:
    table = runs()
    assert judged(table, score="loss").goal == "Minimize"
    assert judged(table, score="loss", maker=Goal.MAXIMIZE).goal == "Maximize"
    assert judged(table, score="loss", maker=Goal.MAXIMIZE, goal="min").goal == "Minimize"


def test_a_proxy_is_trusted_where_enough_hypotheses_show_it() -> None:
    found = judged(runs(40, 3), baseline="h3")
    assert [(each.name, each.decision) for each in found.proxies] == [("3", "Trusted"), ("9", "Trusted")]
    assert found.recommended_proxy == "3"
    assert "Trust epochs 3" in found.answers.proxies
    assert found.proxies[0].saving == pytest.approx(1 - 3 / 27)
    want = 40 * 3 * 27 * (1 - 0.11)
    assert f"{want:,.0f} of 3,240 seconds" in found.answers.saved


# ---------------------------------------------------------------- what is chosen


def test_the_largest_number_is_the_reference_and_it_is_said() -> None:
    found = judged(runs())
    assert found.reference == "27"
    assert "The reference is epochs 27, the largest; --reference chooses another." in found.notes


def test_an_arm_called_reference_is_it_and_else_the_dearest() -> None:
    called = a_table(("a", "b"), ("reference", "half", "short"))
    assert judged(called).reference == "reference"
    dearest = a_table(("a", "b"), ("big", "tiny"), cost=lambda _, arm, __: 9.0 if arm == "big" else 1.0)
    assert judged(dearest).reference == "big"


def test_where_nothing_tells_the_reference_it_is_asked_for() -> None:
    table = a_table(("a", "b"), ("one", "two"), cost=lambda *_: 1.0)
    with pytest.raises(InvalidInput, match=r"--reference: given no reference.*allowed: an arm of the table: one, two"):
        judged(table)


def test_arms_may_be_named_as_numbers_are_written() -> None:
    found = judged(runs(), reference=9.0, proxies=(3,))
    assert (found.reference, [each.name for each in found.proxies]) == ("9", ["3"])
    assert judged(runs(shown="0,{}"), baseline="0,h3").baseline == "0,h3"
    commas = replace(runs(3), hypothesis_names={"h0": "0,1", "h1": "0,25", "h2": "1,0"})
    assert judged(commas, baseline="0.25").baseline == "0,25"


def test_of_too_many_arms_some_are_judged_and_it_is_said() -> None:
    arms = tuple(str(number) for number in range(1, 41))
    table = a_table(("a", "b", "c"), arms, cost=lambda _, arm, __: float(arm), score=lambda h, a, s: ord(h) + s / 10)
    found = judged(table)
    assert found.reference == "40"
    assert len(found.proxies) == 16
    assert found.proxies[0].name == "1"
    assert found.proxies[-1].name == "39"
    assert any("There are 39 other arms" in note and "--proxy" in note for note in found.notes)


def test_without_a_baseline_nothing_is_said_against_one() -> None:
    found = judged(runs())
    assert found.baseline is None
    assert {each.verdict for each in found.hypotheses} == {None}
    assert {each.difference for each in found.hypotheses} == {None}
    assert found.answers.hypotheses.startswith("No baseline is named: --baseline says which hypothesis")
    assert "baseline" not in str(found).replace(found.answers.hypotheses, "").split("Which cheap")[1]


def test_who_stands_in_the_place_of_a_baseline_changes_nothing() -> None:
    table = runs(6, 4, replaced={("h0", "27", 1): RecordedRun(27.0, None)})
    none, some = judged(table), judged(table, baseline="h4")
    assert [(each.name, each.rank, each.rank_low, each.rank_high) for each in none.hypotheses] == [
        (each.name, each.rank, each.rank_low, each.rank_high) for each in some.hypotheses
    ]
    assert [(each.decision, each.low, each.high) for each in none.proxies] == [
        (each.decision, each.low, each.high) for each in some.proxies
    ]


def test_a_baseline_that_is_not_there_is_named_with_its_neighbour() -> None:
    with pytest.raises(InvalidInput, match=r"--baseline: given 'h77'; allowed: a hypothesis of the table, such as h0"):
        judged(runs(), baseline="h77")


# ---------------------------------------------------------------- names


def test_names_are_shown_as_the_table_has_them_whatever_they_are() -> None:
    shown = "lr=0.{}, x7qh1x | <b> 'ü'"
    found = judged(runs(shown=shown), baseline=shown.format("h3"), score="val acc (%)")
    want = {shown.format(f"h{number}") for number in range(8)}
    assert {each.name for each in found.hypotheses} == want
    assert found.score == "val acc (%)"
    for text in (str(found), found.markdown(), found._repr_html_()):
        assert "x7qp" not in text
        assert "x7qs" not in text
    assert shown.format("h3") in found.answers.hypotheses


# ---------------------------------------------------------------- what is missing


def test_a_single_run_of_each_shows_no_noise_and_the_plain_agreement_is_given() -> None:
    found = judged(runs(8, 1), baseline="h3")
    assert {each.decision for each in found.proxies} == {"Undecided"}
    assert {each.verdict for each in found.hypotheses} == {"Inconclusive", "Baseline"}
    assert "two runs or more" in found.answers.proxies
    assert "epochs 9 tau 1.00 (Spearman 1.00, 3 of the best 3; 8 hypotheses)" in found.answers.proxies
    assert "4 of 7 scored better than h3, by one run each" in found.answers.hypotheses
    assert (found.runs, found.failed_runs, found.missing_runs) == (24, 0, 0)


def test_a_run_that_nobody_recorded_has_not_failed() -> None:
    table = runs(8, 3, replaced={("h0", "27", 1): None, ("h5", "9", 0): None})
    found = judged(table, baseline="h3")
    assert (found.runs, found.failed_runs, found.missing_runs) == (70, 0, 2)
    row = next(each for each in found.hypotheses if each.name == "h0")
    assert (row.runs, row.failed_runs, row.verdict) == (2, 0, "Worse")
    assert "failed" not in str(found)


def test_a_run_without_a_score_has_failed() -> None:
    found = judged(runs(8, 3, replaced={("h7", "27", 1): RecordedRun(27.0, None)}), baseline="h3")
    row = next(each for each in found.hypotheses if each.name == "h7")
    assert (row.runs, row.failed_runs, row.verdict) == (2, 1, "Unstable")
    assert row.message == "It ended without a score"


def test_what_a_failed_run_counts_as_may_be_said() -> None:
    table = runs(8, 3, replaced={("h7", "27", 1): RecordedRun(27.0, None)})
    ignored = next(each for each in judged(table, baseline="h3", on_failure="ignore").hypotheses if each.name == "h7")
    assert ignored.verdict == "Better"
    counted = next(each for each in judged(table, baseline="h3", on_failure="-9").hypotheses if each.name == "h7")
    assert counted.score is not None
    assert counted.score < 0


def test_who_has_no_run_on_the_reference_is_left_out_and_counted() -> None:
    table = runs(8, 3, replaced={("h6", "27", seed): None for seed in range(3)})
    found = judged(table)
    assert len(found.hypotheses) == 7
    assert "1 of 8 hypotheses have no run on the reference and are left out." in found.notes


def test_runs_with_few_seeds_in_common_are_numbered_anew() -> None:
    spread = {}
    for (hypothesis, arm, seed), run in runs(8, 3).runs.items():
        spread[hypothesis, arm, seed * 8 + int(hypothesis[1:])] = run
    found = judged(replace(runs(8, 3), runs=spread))
    assert any("few seeds in common" in note for note in found.notes)
    assert {each.seeds for each in found.proxies} == {3}
    assert not any("few seeds in common" in note for note in judged(runs(8, 3)).notes)


def test_without_costs_nothing_is_said_of_savings() -> None:
    table = runs(40, 3)
    found = judged(replace(table, runs={key: run._replace(cost=None) for key, run in table.runs.items()}))
    assert {each.saving for each in found.proxies} == {None}
    assert found.answers.saved.startswith("Nobody can say what a proxy saves: the runs have no costs. --cost names")
    assert "second" not in str(found).replace("seconds.", "", 1)


def test_costs_that_some_runs_lack_are_those_of_the_others() -> None:
    table = runs(40, 3)
    some = {key: run._replace(cost=None) if key[2] == 0 else run for key, run in table.runs.items()}
    assert judged(replace(table, runs=some)).proxies[0].saving == pytest.approx(1 - 3 / 27)


def test_one_arm_is_a_ranking_alone() -> None:
    table = a_table(("a", "b", "c"), ("full",), cost=lambda *_: 1.0, score=lambda h, a, s: ord(h) + s / 10)
    found = judged(table, baseline="a")
    assert found.proxies == ()
    assert found.answers.proxies == "There is only one arm: nothing cheaper is compared with it."
    assert [each.name for each in found.hypotheses] == ["c", "b", "a"]


def test_one_hypothesis_is_no_comparison_and_no_error() -> None:
    found = judged(a_table(("a",), ("full", "half"), cost=lambda _, arm, __: float(len(arm))), reference="full")
    assert [each.name for each in found.hypotheses] == ["a"]
    assert found.answers.best == ""
    assert str(found)


def test_more_seeds_than_a_study_may_have_all_count() -> None:
    table = a_table(
        ("a", "b"), ("full",), 130, cost=lambda *_: 1.0, score=lambda h, a, s: ord(h) + (s * 7919 % 13) / 10
    )
    assert {each.runs for each in judged(table).hypotheses} == {130}


def test_too_many_hypotheses_are_refused_with_the_way_out() -> None:
    names = [f"h{number}" for number in range(11_000)]
    table = a_table(names, ("full", "half"), 1, cost=lambda *_: 1.0, score=lambda *_: 1.0)
    with pytest.raises(InvalidInput, match=r"11,000 hypotheses.*at most 5,000: --where keeps"):
        judged(table, reference="full")


def test_wrong_options_are_all_named_at_once() -> None:
    with pytest.raises(InvalidInput) as raised:
        JudgingOptions.of(goal="up", threshold=2, confidence=0.4, on_failure="no", smallest_effect=-1)
    want = ("--goal", "--threshold", "--confidence", "--on-failure", "--smallest-effect")
    assert [problem.path for problem in raised.value.problems] == list(want)


def test_hypotheses_that_share_a_setting_are_kin_where_their_scores_show_it() -> None:
    """24 hypotheses of 6 families, whose members stand close together on each arm."""
    family = {f"h{number}": number % 6 for number in range(24)}
    apart = np.random.default_rng(2).normal(size=(6, 2))

    def score(hypothesis: str, arm: str, seed: int) -> float:
        at = list(SECONDS).index(arm) > 0
        number = int(hypothesis[1:])
        return float(apart[family[hypothesis], int(at)] + number / 200 + 0.02 * NOISE[number, int(at), seed])

    table = a_table(list(family), ("27", "9"), 3, cost=lambda _, arm, __: SECONDS[arm], score=score)
    told = {name: {"optimizer": f"o{number}", "lr": name} for name, number in family.items()}
    kin = judged(replace(table, settings=told), reference="27")
    assert "Hypotheses of one optimizer share luck: these 24, in 6 families" in kin.proxies[0].reason
    assert "share luck" not in judged(table, reference="27").proxies[0].reason


# ---------------------------------------------------------------- forms


def test_everything_is_json_and_a_frame() -> None:
    import json

    found = judged(runs(), baseline="h3")
    back = json.loads(json.dumps(found.to_dict()))
    assert back["hypotheses"][0]["name"] == "h7"
    assert "judged" not in back
    frame = found.to_frame()
    assert frame["name"].to_list() == [each.name for each in found.hypotheses]
    assert found.to_frame("proxies")["kendall_tau"].to_list() == [each.kendall_tau for each in found.proxies]


def test_the_report_is_that_of_a_study(tmp_path: Any) -> None:
    shown = "<i>{}</i> & co"
    found = judged(runs(shown=shown), baseline=shown.format("h3"))
    found.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "x7q" not in page.split("window.vegaEmbed")[0]
    assert "&lt;i&gt;h7&lt;/i&gt; &amp; co" in page
    assert "<i>h7" not in page
    assert "Difference to the baseline" in page
    judged(runs()).report(tmp_path / "none.html")
    assert "Difference to the baseline" not in (tmp_path / "none.html").read_text()
