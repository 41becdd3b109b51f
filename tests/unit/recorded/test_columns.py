"""Which column means what, in the tables of tools that people use."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.errors import InvalidInput
from assay.recorded.choice import Choice
from assay.recorded.read import read_frame
from assay.recorded.table import Table

OWN: dict[str, list[Any]] = {
    "hypothesis": ["a", "b"],
    "arm": ["x", "x"],
    "seed": [0, 0],
    "cost": [1.0, 2.0],
    "score": [0.5, 0.25],
}

WANDB: dict[str, list[Any]] = {
    "Name": [f"calm-frog-{n}" for n in range(8)],
    "State": ["finished"] * 7 + ["crashed"],
    "Created": [f"2026-11-0{n + 1}T10:00:00.000Z" for n in range(8)],
    "Runtime": [523.5, 100.0, 530.5, 101.0, 540.0, 103.0, 512.0, 20.0],
    "lr": ["0.1", "0.1", "0.1", "0.1", "0.01", "0.01", "0.01", "0.01"],
    "momentum": [0.9] * 8,
    "epochs": [50, 5] * 4,
    "seed": [1, 1, 2, 2] * 2,
    "train/loss": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
    "val/acc": [0.7, 0.6, 0.71, 0.61, 0.8, 0.65, 0.81, None],
}

MLFLOW: dict[str, list[Any]] = {
    "run_id": [f"{n:032x}" for n in range(4)],
    "experiment_id": ["1"] * 4,
    "status": ["FINISHED", "FINISHED", "FAILED", "KILLED"],
    "artifact_uri": ["file"] * 4,
    "start_time": ["2026-11-29 01:00:00.000+00:00"] * 4,
    "end_time": ["2026-11-29 01:00:10.500+00:00"] * 3 + [None],
    "metrics.accuracy": [0.5, 0.6, None, 0.1],
    "params.lr": ["0.1", "0.01", "0.1", "0.01"],
    "params.optimizer": ["sgd", "adam", "sgd", "adam"],
    "params.batch": ["64"] * 4,
    "params.seed": ["0", "0", "1", "1"],
    "tags.mlflow.runName": ["able-cat", "big-dog", "calm-owl", "dry-elk"],
    "tags.mlflow.user": ["me"] * 4,
}

MLFLOW_PAGE: dict[str, list[Any]] = {
    "Start Time": ["2026-11-29 01:00:00"] * 4,
    "Duration": ["1.2min", "50.0s", "300ms", "2.1h"],
    "Run ID": [f"{n:032x}" for n in range(4)],
    "Name": ["small", "small", "wide", "wide"],
    "Source Type": ["LOCAL"] * 4,
    "Source Name": ["train.py"] * 4,
    "User": ["me"] * 4,
    "Status": ["FINISHED"] * 4,
    "acc": [0.5, 0.6, 0.7, 0.8],
}

OPTUNA: dict[str, list[Any]] = {
    "": [0, 1, 2, 3],
    "number": [0, 1, 2, 3],
    "value": [0.5, 0.6, None, 0.1],
    "datetime_start": ["2026-11-29 01:00:00.1"] * 4,
    "datetime_complete": ["2026-11-29 01:10:00.1"] * 4,
    "duration": ["0 days 00:10:00"] * 4,
    "params_lr": [0.1, 0.01, 0.1, 0.02],
    "params_opt": ["sgd", "adam", "adam", "adam"],
    "user_attrs_note": ["x"] * 4,
    "state": ["COMPLETE", "COMPLETE", "FAIL", "PRUNED"],
}


def read(columns: dict[str, list[Any]], **choice: Any) -> Table:
    return read_frame(columns, Choice(**choice))


def refusal(columns: dict[str, list[Any]], **choice: Any) -> str:
    with pytest.raises(InvalidInput) as error:
        read(columns, **choice)
    return str(error.value)


def test_of_a_table_in_our_own_words_nothing_is_said() -> None:
    assert read(OWN).said == ()


def test_an_export_of_wandb_is_read_as_it_is() -> None:
    table = read(WANDB)
    assert list(table.hypothesis_names.values()) == ["0.01", "0.1"]
    assert sorted(table.arm_names.values()) == ["5", "50"]
    assert table.runs["0-1", "50", 0] == (523.5, 0.7)
    assert table.runs["0-01", "5", 1] == (20.0, None)
    assert table.said == (
        "Column lr is the hypothesis, the only column left that varies.",
        "Column epochs is the arm.",
        "Column Runtime is the cost, in seconds.",
        "Column val/acc is the score.",
        "1 run ended without a score that counts: failed by its own fault.",
    )


def test_runs_of_mlflow_are_read_as_it_returns_them() -> None:
    table = read(MLFLOW)
    assert list(table.hypothesis_names.values()) == ["lr=0.01 optimizer=adam", "lr=0.1 optimizer=sgd"]
    assert table.runs["lr-0-1-optimizer-sgd", "reference", 0] == (10.5, 0.5)
    assert (table.counts.failed, table.counts.unfinished, table.counts.missing) == (1, 1, 1)
    assert table.said[:3] == (
        "Columns params.lr and params.optimizer together are the hypothesis: the parameters that vary.",
        "No column says how much of a run was run, so all runs are on the reference.",
        "Column params.seed is the seed.",
    )
    assert "The cost is the time from start_time to end_time." in table.said


def test_a_table_of_mlflows_page_is_read_as_it_is() -> None:
    table = read(MLFLOW_PAGE)
    assert table.hypotheses == ("small", "wide")
    assert [run.cost for run in table.runs.values()] == pytest.approx([72.0, 50.0, 0.3, 7560.0])
    assert "Column Name is the hypothesis, which several rows share." in table.said


def test_trials_of_optuna_are_read_as_it_returns_them() -> None:
    table = read(OPTUNA)
    assert table.runs == {
        ("lr-0-1-opt-sgd", "reference", 0): (600.0, 0.5),
        ("lr-0-01-opt-adam", "reference", 0): (600.0, 0.6),
        ("lr-0-1-opt-adam", "reference", 0): (600.0, None),
    }
    assert table.counts.unfinished == 1


def test_options_say_what_a_column_means_with_or_without_what_tools_write_before_it() -> None:
    table = read(MLFLOW, hypothesis=("optimizer",), arm=("params.lr",), seed="seed", score="accuracy")
    assert (table.hypotheses, table.arms) == (("adam", "sgd"), ("0-01", "0-1"))


def test_several_columns_are_a_hypothesis_or_an_arm_together() -> None:
    table = read({**WANDB, "size": [1] * 8}, hypothesis=("lr", "momentum"), arm=("epochs", "size"))
    assert table.hypothesis_names["lr-0-1-momentum-0-9"] == "lr=0.1 momentum=0.9"
    assert table.arm_names["epochs-50-size-1"] == "epochs=50 size=1"


def test_a_column_with_a_comma_in_its_name_is_one_column() -> None:
    assert read({**OWN, "lr,wd": ["p", "q"]}, hypothesis=("lr", "wd")).hypotheses == ("p", "q")


def test_the_metric_of_a_study_decides_between_metrics() -> None:
    columns = {**MLFLOW, "metrics.loss": [1.0, 2.0, 3.0, 4.0]}
    assert read(columns, metric="loss").runs["lr-0-1-optimizer-sgd", "reference", 0].score == 1.0


@pytest.mark.parametrize(
    ("columns", "want"),
    [
        (
            {**WANDB, "test/acc": WANDB["val/acc"]},
            "score: given several columns that may be the score: val/acc and test/acc; allowed: --score with one",
        ),
        (
            {**WANDB, "wd": ["p", "q"] * 4},
            "hypothesis: given several columns that may be the hypothesis: lr and wd; allowed: --hypothesis with one",
        ),
        (
            {**WANDB, "image_size": [14, 28] * 4},
            "arm: given several columns that may be the arm: epochs and image_size; allowed: --arm with one of",
        ),
        (
            {"hypothesis": ["a", "b"], "speed": [1, 2]},
            "score: given no column that is called like a metric; allowed: one that holds the score of each run",
        ),
        ({"score": [1.0, 2.0]}, "hypothesis: given no column that says what was tried; allowed: one or several that"),
        (
            {**OPTUNA, "value": [None] * 4, "values_0": [1.0] * 4, "values_1": [2.0] * 4},
            "score: given several columns that may be the score: values_0 and values_1",
        ),
    ],
)
def test_where_two_columns_may_be_meant_nobody_guesses(columns: dict[str, list[Any]], want: str) -> None:
    assert refusal(columns).startswith(f"the table: {want}")


def test_of_metrics_those_of_the_training_itself_are_no_score() -> None:
    history: dict[str, list[Any]] = {
        "loss": [1.0, 2.0],
        "val_loss": [0.5, 0.25],
        "train_acc": [1.0, 1.0],
        "rank_test_score": [1, 2],
    }
    assert read({"hypothesis": ["a", "b"], **history}).runs["a", "reference", 0].score == 0.5
    said = refusal({"hypothesis": ["a", "b"], **history, "val_acc": [1, 2]})
    assert "several columns that may be the score: val_loss and val_acc;" in said
    assert read({"hypothesis": ["a", "b"], "loss": [1.0, 2.0]}).runs["a", "reference", 0].score == 1.0


def test_search_results_of_scikit_learn_are_read_as_it_returns_them() -> None:
    results: dict[str, list[Any]] = {
        "mean_fit_time": [1.5, 2.5],
        "std_fit_time": [0.1, 0.1],
        "param_C": [1, 10],
        "params": ["{'C': 1}", "{'C': 10}"],
        "split0_test_score": [0.4, 0.5],
        "mean_test_score": [0.5, 0.6],
        "std_test_score": [0.1, 0.1],
        "rank_test_score": [2, 1],
    }
    assert read(results, score="mean_test_score").runs["10", "reference", 0] == (2.5, 0.6)


def test_errors_name_options_as_the_caller_has_them() -> None:
    assert "--column score" in refusal({**OWN, "score": [None, None]}, option="--column {}")
    assert refusal(OWN, score="scor").startswith(
        "the table: --score: given 'scor'; allowed: a column of the table: hypo"
    )
    assert refusal(OWN, score="scor").endswith("did you mean score?")


@pytest.mark.parametrize(
    ("name", "cell", "want"),
    [
        ("cost", 2.0, 2.0),
        ("gpu_hours", 2.0, 7200.0),
        ("train_minutes", 2.0, 120.0),
        ("train_ms", 2.0, 0.002),
        ("_runtime", 2.0, 2.0),
        ("wallTime", 2.0, 2.0),
        ("speed", 2.0, None),
    ],
)
def test_a_cost_is_known_by_its_name_and_counts_in_the_unit_that_it_says(name: str, cell: float, want: float) -> None:
    columns = {column: cells for column, cells in OWN.items() if column != "cost"}
    table = read({**columns, name: [cell, cell]})
    assert {run.cost for run in table.runs.values()} == {want}


def test_the_seeds_are_known_by_their_name_and_no_hypothesis() -> None:
    table = read(
        {"params.model": ["p", "p", "q", "q"], "params.random_state": [1, 2, 1, 2], "metrics.f1": [1, 2, 3, 4]}
    )
    assert (table.hypotheses, table.seeds, table.paired) == (("p", "q"), 2, True)


def test_a_metric_is_nothing_but_a_score_whatever_it_is_called() -> None:
    table = read(
        {"params.m": ["p", "q"], "metrics.seed": [1, 2], "metrics.epochs": [7, 8], "metrics.f1": [1, 2]}, metric="f1"
    )
    assert (table.seeds, table.arms) == (1, ("reference",))


def test_training_sizes_are_known_by_their_name() -> None:
    table = read({**OWN, "arm": [None, None], "train_size": [100, 200]})
    assert table.sizes == {"100": 100.0, "200": 200.0}


def test_rows_are_chosen_by_a_value_or_by_the_number_that_it_is() -> None:
    for value in ("50", "50.0"):
        assert len(read(WANDB, where={"epochs": value}).runs) == 4
    with pytest.raises(InvalidInput, match=r"--where epochs: given '51'; allowed: 5 or 50"):
        read(WANDB, where={"epochs": "51"})
    with pytest.raises(InvalidInput, match=r"--where: given 'epoch'; allowed: a column of the table: .* mean epochs"):
        read(WANDB, where={"epoch": "50"})


def test_columns_of_one_name_are_told_apart() -> None:
    table = read({"hypothesis ": ["a", "b"], "hypothesis": ["c", "d"], "score": [1.0, 2.0]})
    assert table.hypotheses == ("a", "b")


def test_names_of_runs_that_are_the_same_by_accident_name_no_hypothesis() -> None:
    names = [f"brave-lake-{row}" for row in (1, 2, 3, 4, 5, 5)]
    table = read({"Name": names, "lr": [0.1, 0.1, 0.1, 0.2, 0.2, 0.2], "val/acc": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]})
    assert set(table.hypotheses) == {"0-1", "0-2"}
    shared = read({"Name": ["a", "a", "a", "b", "b", "b"], "val/acc": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]})
    assert set(shared.hypotheses) == {"a", "b"}


def test_of_metrics_of_held_out_data_all_are_offered() -> None:
    numbers = [0.1, 0.2, 0.3, 0.4]
    metrics = {"val/acc": numbers, "best_val_acc": numbers[::-1], "val/loss": numbers, "loss": numbers}
    said = refusal({"hypothesis": ["a", "a", "b", "b"], **metrics})
    assert "val/acc, best_val_acc and val/loss; allowed" in said
