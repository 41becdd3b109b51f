"""`assay.judge`: whichever frame holds the runs, and what importing it costs."""

from __future__ import annotations

import doctest
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import assay
from assay.api.errors import InvalidInput
from assay.judging import goal, python

RATES = (0.01, 0.1, 0.3, 1.0)
NOISE = np.random.default_rng(5).normal(size=(4, 2, 3)) / 100

COLUMNS: dict[str, list[Any]] = {
    "lr": [rate for rate in RATES for _ in range(6)],
    "epochs": [epochs for _ in RATES for epochs in (2, 2, 2, 8, 8, 8)],
    "seed": [seed for _ in range(8) for seed in range(3)],
    "accuracy": [row / 10 + float(NOISE[row, at, seed]) for row in range(4) for at in range(2) for seed in range(3)],
    "train_seconds": [epochs * 10.0 for _ in RATES for epochs in (2, 2, 2, 8, 8, 8)],
}

FRAMES: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "mapping": dict,
    "polars": pl.DataFrame,
    "pandas": pd.DataFrame,
    "arrays": lambda columns: {name: np.array(values) for name, values in columns.items()},
}


@pytest.mark.parametrize("kind", FRAMES)
def test_any_frame_with_the_same_runs_says_the_same(kind: str) -> None:
    found = assay.judge(FRAMES[kind](COLUMNS), baseline=0.1)
    assert (found.reference, found.score, found.baseline) == ("8", "accuracy", "0.1")
    assert [(each.name, each.verdict) for each in found.hypotheses] == [
        ("1.0", "Better"),
        ("0.3", "Better"),
        ("0.1", "Baseline"),
        ("0.01", "Worse"),
    ]
    assert [(each.name, each.relative_cost) for each in found.proxies] == [("2", 0.25)]


def test_a_file_is_judged_as_a_frame_is(tmp_path: Path) -> None:
    pl.DataFrame(COLUMNS).write_parquet(tmp_path / "runs.parquet")
    found = assay.judge(tmp_path / "runs.parquet", baseline=0.1)
    assert found.name == "runs.parquet"
    assert found.to_frame().equals(assay.judge(COLUMNS, baseline=0.1).to_frame())


def test_columns_and_values_are_chosen_by_keywords() -> None:
    renamed = {f"c_{name}": values for name, values in COLUMNS.items()} | {"data": ["a"] * 24}
    found = assay.judge(
        renamed,
        hypothesis="c_lr",
        arm="c_epochs",
        seed="c_seed",
        score="c_accuracy",
        cost="c_train_seconds",
        where={"data": "a"},
        goal="minimize",
        reference=2,
        name="mine",
    )
    assert (found.name, found.goal, found.reference) == ("mine", "Minimize", "2")
    assert [each.name for each in found.hypotheses] == ["0.01", "0.1", "0.3", "1.0"]


def test_errors_speak_of_keywords() -> None:
    with pytest.raises(InvalidInput, match=r"assay\.judge: baseline=: given '7'; allowed: a hypothesis of the table"):
        assay.judge(COLUMNS, baseline=7)
    with pytest.raises(InvalidInput, match=r"assay\.judge: confidence=: given 0\.1; allowed: 50 to 99"):
        assay.judge(COLUMNS, confidence=0.1)


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ({"threshold": "0.8"}, r"threshold=: given '0\.8'; allowed: a tau"),
        ({"confidence": "95"}, r"confidence=: given '95'; allowed: 50 to 99"),
        ({"on_failure": True}, r"on_failure=: given True; allowed: unstable, ignore"),
        ({"smallest_effect": None}, r"smallest_effect=: given None; allowed: a difference of 0 or more"),
        ({"repeats": "median"}, r"repeats=: given 'median'; allowed: one of mean, first, last, seeds"),
        ({"experiment": "x"}, r"experiment=: given 'x'; allowed: only for runs at mlflow:URI"),
        ({"study": "x"}, r"study=: given 'x'; allowed: only for runs at optuna:URI"),
        ({"proxies": [8]}, r"proxies=: given only epochs 8, which is the reference; allowed: other arms"),
        ({"goal": 3}, r"goal=: given 3; allowed: maximize or minimize"),
    ],
)
def test_options_that_type_checkers_would_refuse_are_refused(given: dict[str, Any], want: str) -> None:
    with pytest.raises(InvalidInput, match=want):
        assay.judge(COLUMNS, **given)


def test_frames_are_of_hypotheses_or_of_proxies() -> None:
    with pytest.raises(InvalidInput, match=r"given 'arms'; allowed: hypotheses or proxies"):
        assay.judge(COLUMNS).to_frame("arms")  # type: ignore[arg-type]


def test_what_it_returns_can_be_pickled() -> None:
    found = assay.judge(COLUMNS, baseline=0.1)
    again = pickle.loads(pickle.dumps(found))
    assert (again, str(again)) == (found, str(found))


def test_of_runs_that_all_failed_no_more_is_said_than_that() -> None:
    found = assay.judge({**COLUMNS, "accuracy": [float("nan")] * 24})
    assert found.answers.proxies == "No proxy can be judged: no run on the reference has a score."
    assert found.answers.saved == ""
    assert found.answers.next.startswith("First look into 24 failed runs")


def test_what_it_returns_is_frozen_prints_and_shows_itself_in_notebooks() -> None:
    found = assay.judge(COLUMNS, baseline=0.1)
    assert isinstance(found, assay.Findings)
    with pytest.raises(FrozenInstanceError):
        found.name = "other"  # type: ignore[misc]
    assert "Which hypotheses are better than the baseline?" in str(found)
    assert found._repr_html_().count("<table>") == 2
    assert found.markdown().startswith("### Assay: runs")


def test_importing_assay_imports_nothing_and_judging_neither_torch_nor_boto3_nor_kopf() -> None:
    script = """
import sys
import assay
assert {name for name in sys.modules if name.startswith("assay.")} == {"assay.api", "assay.api.version"}
assert "numpy" not in sys.modules
assay.judge({"hypothesis": ["a", "b"], "score": [1.0, 2.0]})
print(*sorted({"torch", "boto3", "kopf", "kubernetes", "altair", "pandas", "mlflow", "optuna"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("module", [python, goal])
def test_the_examples_in_its_docstrings_hold(module: Any) -> None:
    tried = doctest.testmod(module)
    assert tried.attempted > 0
    assert tried.failed == 0
