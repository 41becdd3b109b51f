"""What becomes of rows: runs that failed, that did not end, that say the same, that contradict each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.api.errors import InvalidInput
from assay.recorded.choice import Choice
from assay.recorded.read import read_file, read_frame
from assay.recorded.table import RecordedRun, Table
from builders.table_files import csv_file

HEADER = "hypothesis,arm,seed,cost,score"


def read(folder: Path, *rows: str, header: str = HEADER, **choice: Any) -> Table:
    return read_file(csv_file(folder, header, *rows), Choice(**choice))


def refusal(folder: Path, *rows: str, header: str = HEADER, **choice: Any) -> str:
    with pytest.raises(InvalidInput) as error:
        read(folder, *rows, header=header, **choice)
    (problem,) = error.value.problems
    return str(problem).partition("runs.csv: ")[2]


# ----------------------------------------------------------------------------- endings


@pytest.mark.parametrize(
    ("score", "state", "want"),
    [
        ("0.5", "finished", 0.5),
        ("0.5", "COMPLETE", 0.5),
        ("0.5", "TrialState.COMPLETE", 0.5),
        ("0.5", "", 0.5),
        ("", "FINISHED", None),
        ("nan", "finished", None),
        ("inf", "finished", None),
        ("-inf", "finished", None),
        ("", "", None),
        ("0.5", "failed", None),
        ("0.5", "FAIL", None),
        ("0.5", "crashed", None),
        ("0.5", "no such word", 0.5),
        ("0.5", "PRUNED", "left out"),
        ("0.5", "killed", "left out"),
        ("", "running", "left out"),
        ("0.5", "RUNNING", "left out"),
        ("", "WAITING", "left out"),
    ],
)
def test_how_a_run_ended_says_whether_its_score_counts(
    score: str, state: str, want: float | str | None, tmp_path: Path
) -> None:
    table = read(tmp_path, f"a,x,0,1,{score},{state}", "b,x,0,1,1,finished", header=f"{HEADER},state")
    found = table.runs.get(("a", "x", 0))
    assert (found.score if found else "left out") == want
    assert (table.counts.failed, table.counts.unfinished) == (int(want is None), int(want == "left out"))


def test_words_for_an_ending_that_nobody_knows_are_said(tmp_path: Path) -> None:
    table = read(tmp_path, "a,x,0,1,1,no such word", header=f"{HEADER},state")
    assert "state says 'no such word': taken as ended." in table.said


def test_a_table_of_runs_that_all_still_run_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a,x,0,1,1,running", header=f"{HEADER},state") == (
        "state: given 1 run of which none ended; allowed: runs that ended"
    )


def test_a_run_that_is_not_there_is_missing_and_has_not_failed(tmp_path: Path) -> None:
    table = read(tmp_path, "a,x,0,1,1", "b,x,0,1,1", "a,y,0,1,1")
    assert (table.counts.missing, table.counts.failed) == (1, 0)


# ----------------------------------------------------------------------------- repeats


def test_rows_that_say_the_same_count_once(tmp_path: Path) -> None:
    table = read(tmp_path, "a,x,0,1,0.5", "a,x,0,1,0.5", "a,x,0,2,0.5")
    assert (table.runs, table.counts.duplicates) == ({("a", "x", 0): RecordedRun(1.0, 0.5)}, 2)
    assert "2 rows said the same as another of the same run: left out." in table.said


def test_runs_that_only_have_a_score_may_have_the_same(tmp_path: Path) -> None:
    table = read(tmp_path, "a,0.5", "a,0.5", header="hypothesis,score")
    assert (len(table.runs), table.counts.duplicates) == (2, 0)


TWICE = ("a,x,0,1,0.5", "a,x,0,3,0.25", "b,x,0,1,1")


def test_several_scores_of_one_run_are_refused_with_what_may_be_done(tmp_path: Path) -> None:
    assert refusal(tmp_path, *TWICE) == (
        "score: given rows 1 and 2 of one run ('a', arm 'x', seed '0') with the scores 0.5 and 0.25; 1 run like it in "
        "all; allowed: one row per run, or --repeats mean, first, last or seeds (each is a further seed)"
    )


@pytest.mark.parametrize(
    ("repeats", "want"),
    [
        ("mean", {0: RecordedRun(2.0, 0.375)}),
        ("first", {0: RecordedRun(1.0, 0.5)}),
        ("last", {0: RecordedRun(3.0, 0.25)}),
        ("seeds", {0: RecordedRun(1.0, 0.5), 1: RecordedRun(3.0, 0.25)}),
    ],
)
def test_a_caller_may_say_what_counts_of_them_and_it_is_said(
    repeats: str, want: dict[int, RecordedRun], tmp_path: Path
) -> None:
    table = read(tmp_path, *TWICE, repeats=repeats)
    assert {seed: run for (name, _, seed), run in table.runs.items() if name == "a"} == want
    assert table.counts.repeated == 1
    assert any(f"the {repeats} of each counts" in said or "each is a further seed" in said for said in table.said)


def test_a_run_that_failed_and_was_run_again_has_the_score_that_it_then_had(tmp_path: Path) -> None:
    table = read(tmp_path, "a,x,0,1,", "a,x,0,3,0.25")
    assert (table.runs, table.counts.failed) == ({("a", "x", 0): RecordedRun(3.0, 0.25)}, 0)
    assert "1 run failed, and had a score when run again with the same seed: it counts." in table.said


def test_a_column_that_tells_repeated_rows_apart_is_named(tmp_path: Path) -> None:
    rows = ("a,x,0,1,0.5,mnist,run-1", "a,x,0,1,0.9,cifar,run-2")
    assert refusal(tmp_path, *rows, header=f"{HEADER},data,run_id") == (
        "--where: given nothing for data, in which rows of the same hypothesis, arm, seed differ; "
        "allowed: data=VALUE, cifar or mnist"
    )


def test_of_a_history_it_is_said_that_its_epochs_can_be_arms(tmp_path: Path) -> None:
    rows = [f"a,{seed},{epoch},0.{seed}{epoch}" for seed in (1, 2) for epoch in range(3)]
    header = "hypothesis,seed,epoch,score"
    assert refusal(tmp_path, *rows, header=header) == (
        "score: given rows 1, 2 and 3 of one run ('a', arm 'reference', seed '1') with the scores 0.1, 0.11 and 0.12; "
        "2 runs like it in all; they differ in epoch; allowed: --arm with epoch: each is an arm. Or --where with one "
        "of them"
    )
    assert read(tmp_path, *rows, header=header, arm=("epoch",)).arms == ("0", "1", "2")


# ----------------------------------------------------------------------------- names


def test_names_stay_as_they_are_and_resources_get_names_of_their_own(tmp_path: Path) -> None:
    rows = [
        f"{name},{arm},0,1,1"
        for name in ("lr=0.1 sgd", "LR 0.1, SGD", "0.01222", "日本")
        for arm in ("25 %", "Full run")
    ]
    table = read(tmp_path, *(row.replace("LR 0.1, SGD", '"LR 0.1, SGD"') for row in rows))
    assert table.hypothesis_names == {
        "0-01222": "0.01222",
        "lr-0-1-sgd": "LR 0.1, SGD",
        "lr-0-1-sgd-2": "lr=0.1 sgd",
        "hypothesis": "日本",
    }
    assert table.arm_names == {"25": "25 %", "full-run": "Full run"}
    assert table.hypothesis_called("lr=0.1 sgd") == table.hypothesis_called("lr-0-1-sgd-2") == "lr-0-1-sgd-2"
    assert (table.arm_called("Full run"), table.arm_called("none")) == ("full-run", None)


def test_a_name_that_is_a_resources_already_keeps_it(tmp_path: Path) -> None:
    table = read(tmp_path, "a_b,x,0,1,1", "a-b,x,0,1,1", "a-b-2,x,0,1,1")
    assert table.hypothesis_names == {"a-b": "a-b", "a-b-2": "a-b-2", "a-b-3": "a_b"}


def test_one_number_in_two_spellings_is_two_names_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, "1e-3,x,0,1,1", "0.001,x,0,1,1", "0.1,x,0,1,1")
    assert sorted(table.hypothesis_names.values()) == ["0.001", "0.1", "1e-3"]
    assert "1e-3 and 0.001 are one number, and stay 2 names of a hypothesis." in table.said


def test_long_names_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    names = [f"{'x' * 80}{number}" for number in range(12)]
    table = read(tmp_path, *(f"{name},x,0,1,1" for name in names))
    assert sorted(table.hypothesis_names.values()) == sorted(names)
    assert all(len(name) <= 63 for name in table.hypotheses)


def test_what_a_terminal_would_act_on_never_comes_out_of_a_table(tmp_path: Path) -> None:
    table = read(tmp_path, "a\x1b[31m,x,0,1,1", "a\x9b31m,x,0,1,1", "a\u202e,x\x07,0,1,1", header=HEADER)
    shown = [*table.hypothesis_names.values(), *table.arm_names.values(), *table.said]
    assert all(text.isprintable() for text in shown)
    assert len(table.hypotheses) == 3
    said = refusal(tmp_path, "\x1b[2J,x,0,1,bad\x1b[31m", header="hypothesis,arm,seed,cost\x1b[1m,score")
    assert said.isprintable()


# ----------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("rows", "want"),
    [
        (
            ["a,x,0,1,1", "a,x,1,-2,1"],
            "cost: given '-2' in row 2 (a, arm x, seed 1); allowed: a number of seconds, 0 or",
        ),
        (
            ["a,x,0,soon,1"],
            "cost: given 'soon' in row 1 (a, arm x, seed 0); allowed: a number of seconds, 0 or more, or",
        ),
        (
            ["a,x,0,1,good", "b,x,0,1,bad"],
            "score: given 'good' in row 1 (a, arm x, seed 0), and in 1 more; allowed: a nu",
        ),
        (
            ["a,x,0,1,1", ",x,0,1,1"],
            "hypothesis: given nothing in row 2 (nothing, arm x, seed 0); allowed: a name with a",
        ),
        (
            ["a,x,0,1,1", "a,,0,1,1"],
            "arm: given nothing in row 2 (a, arm nothing, seed 0); allowed: a name in every row",
        ),
        (
            ["a,x,0,1,1", "a,x,,1,1"],
            "seed: given nothing in row 2 (a, arm x, seed nothing); allowed: a seed in every row",
        ),
        (
            [f"{'x' * 2000},x,0,1,1"],
            f"hypothesis: given '{'x' * 60}… (2000 characters)' in row 1; allowed: names of at m",
        ),
    ],
)
def test_a_cell_that_can_not_be_used_is_named_with_row_and_column(rows: list[str], want: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, *rows).startswith(want)


def test_rows_keep_their_numbers_when_some_are_left_out(tmp_path: Path) -> None:
    rows = ["a,x,0,1,1,p", "", "b,x,0,1,bad,p", "c,x,0,1,1,q"]
    assert "given 'bad' in row 3" in refusal(tmp_path, *rows, header=f"{HEADER},k", where={"k": "p"})


def test_a_run_can_not_end_before_it_began(tmp_path: Path) -> None:
    rows = ["a,1,2026-01-02,2026-01-01"]
    said = refusal(tmp_path, *rows, header="hypothesis,score,start_time,end_time")
    assert "end_time: given '2026-01-01' in row 1" in said
    assert "allowed: a time that is not before that in start_time" in said


def test_costs_are_needed_only_by_those_who_say_so(tmp_path: Path) -> None:
    rows = ("a,x,0,1,1", "a,x,1,,1", "a,x,2,,")
    assert [run.cost for run in read(tmp_path, *rows).runs.values()] == [1.0, None, None]
    assert refusal(tmp_path, *rows, needs_cost=True).startswith("cost: given nothing in row 2 (a, arm x, seed 1)")
    assert "cost: given no column that says how long runs took; allowed" in refusal(
        tmp_path, "a,1", header="hypothesis,score", needs_cost=True
    )


def test_numbers_beyond_all_measure_are_runs_that_failed_and_said() -> None:
    table = read_frame({"hypothesis": ["a", "a", "b", "b"], "score": [0.1, 1e30, -1e26, 1e25]}, Choice())
    assert sorted(str(run.score) for run in table.runs.values()) == ["0.1", "1e+25", "None", "None"]
    assert "score: 2 numbers are beyond 1e+25, which counts as infinite: a failed run." in table.said


def test_scores_so_small_that_their_squares_vanish_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"no number above 2e-120 in size; allowed: numbers of 1e-100 or more"):
        read_frame({"hypothesis": ["a", "b"], "score": [1e-120, -2e-120]}, Choice())
    assert read_frame({"hypothesis": ["a", "b"], "score": [0.0, 0.0]}, Choice()).runs
