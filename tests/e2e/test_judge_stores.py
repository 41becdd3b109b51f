"""Past runs in the stores of the tools that made them: written by MLflow and Optuna themselves, read in one command."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, event

from builders.command_line import Ended, assay

STARTED = 1_700_000_000_000
EPOCHS = (2, 8)
NOISE = np.random.default_rng(3).normal(size=(6, 2, 3, 8)) / 100


@contextmanager
def quietly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the tools' own words out of a test, and let MLflow write plain files."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    event.listen(Engine, "connect", _hurry)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        event.remove(Engine, "connect", _hurry)
        logging.disable(before)


def _hurry(connection: Any, _record: object) -> None:
    """Keep SQLite from waiting for the disk at each of a thousand small writes."""
    connection.execute("PRAGMA synchronous = OFF")


def judge(*arguments: str) -> Ended:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, of its own libraries
        return assay("judge", *arguments)


def found(*arguments: str) -> dict[str, Any]:
    ended = judge(*arguments, "-o", "json")
    assert ended.code == 0, ended.errors
    read: dict[str, Any] = json.loads(ended.output)
    return read


def write_mlflow(uri: str, experiment: str = "sweep", *, failed: bool = False) -> None:
    """Log 6 learning rates at 2 and 8 epochs with 3 seeds, and the accuracy after each epoch, ten seconds apart."""
    from mlflow.entities import Metric, Param
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    key = client.create_experiment(experiment)
    for row in range(6):
        for at, epochs in enumerate(EPOCHS):
            for seed in range(3):
                run = client.create_run(key, start_time=STARTED).info.run_id
                settings = {"lr": f"0.{row + 1}", "epochs": epochs, "seed": seed, "optimizer": "sgd"}
                fails = failed and (row, epochs, seed) == (0, 8, 0)
                steps = range(epochs - 3 if fails else epochs)
                scores = (row / 10 + step / 100 + float(NOISE[row, at, seed, step]) for step in steps)
                client.log_batch(
                    run,
                    params=[Param(name, str(value)) for name, value in settings.items()],
                    metrics=[
                        Metric("accuracy", score, STARTED + 10_000 * (step + 1), step)
                        for step, score in zip(steps, scores, strict=True)
                    ],
                )
                client.set_terminated(run, "FAILED" if fails else "FINISHED", end_time=STARTED + 10_000 * epochs)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores")
    with pytest.MonkeyPatch.context() as monkeypatch, quietly(monkeypatch):
        write_mlflow(f"sqlite:///{folder}/mlflow.db", failed=True)
        write_mlflow(f"file://{folder}/mlruns")
        write_optuna(f"sqlite:///{folder}/optuna.db")
    return folder


def write_optuna(url: str) -> None:
    """Tune two settings for 24 trials of 10 steps; some are pruned and one fails."""
    import optuna

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
        optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
        value = 0.0
        for step in range(10):
            value = (np.log10(rate) + 2) ** 2 / (step + 1) + (optimizer == "sgd") / 10
            trial.report(value, step)
            if trial.number == 7 and step == 5:
                raise RuntimeError("diverged")
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(value)

    study = optuna.create_study(
        study_name="tune",
        storage=url,
        direction="minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    study.optimize(objective, n_trials=24, catch=(RuntimeError,))


@pytest.mark.parametrize("store", ["sqlite:///{}/mlflow.db", "{}/mlflow.db", "file://{}/mlruns", "{}/mlruns"])
def test_an_mlflow_store_is_read_in_one_command(databases: Path, store: str) -> None:
    said = found(f"mlflow:{store.format(databases)}")
    assert (said["name"], said["score"], said["reference"]) == ("sweep", "accuracy", "8")
    assert [each["name"] for each in said["hypotheses"]][:2] == ["0.6", "0.5"]
    (proxy,) = said["proxies"]
    assert (proxy["name"], proxy["relative_cost"]) == ("2", 0.25)
    assert said["failed_runs"] == (1 if "db" in store else 0)


def test_the_history_of_a_metric_can_be_the_arms(databases: Path) -> None:
    said = found(f"mlflow:{databases}/mlflow.db", "--arm", "step", "--where", "params.epochs=8")
    assert said["reference"] == "7"
    assert [each["name"] for each in said["proxies"]] == [str(step) for step in range(7)]
    assert [round(each["relative_cost"], 3) for each in said["proxies"]][:2] == [0.125, 0.25]
    # the failed run keeps its curve, and has failed where it did not get to: at 5, 6 and 7
    assert [each["failed_runs"] for each in said["proxies"]] == [0, 0, 0, 0, 0, 1, 1]
    assert (said["failed_runs"], said["missing_runs"]) == (3, 0)
    assert [(each["name"], each["failed_runs"]) for each in said["hypotheses"] if each["failed_runs"]] == [("0.1", 1)]
    assert "All steps are of the same runs: to judge them has cost nothing." in said["notes"]


def test_an_experiment_is_chosen_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with quietly(monkeypatch):
        write_mlflow(f"sqlite:///{tmp_path}/two.db", "first")
        write_mlflow(f"sqlite:///{tmp_path}/two.db", "second")
        store = f"mlflow:{tmp_path}/two.db"
        assert found(store, "--experiment", "second")["name"] == "second"
        ended = judge(store)
        assert ended.code != 0
        assert "--experiment: given none of its 2 names; allowed: one of first, second" in ended.errors
        assert "did you mean second?" in judge(store, "--experiment", "secnd").errors


def test_an_optuna_study_is_read_in_one_command(databases: Path) -> None:
    said = found(f"optuna:sqlite:///{databases}/optuna.db")
    assert (said["name"], said["goal"]) == ("tune", "Minimize")
    assert any("did not end (pruned, stopped, or running): left out." in note for note in said["notes"])
    assert said["failed_runs"] == 1
    scores = [each["score"] for each in said["hypotheses"] if each["score"] is not None]
    assert scores == sorted(scores)


def test_intermediate_values_can_be_the_arms_and_pruned_trials_are_missing_not_failed(databases: Path) -> None:
    said = found(f"optuna:{databases}/optuna.db", "--arm", "step")
    assert said["reference"] == "9"
    assert len(said["proxies"]) == 9
    # the trial that diverged at step 5 has failed at 6, 7, 8 and 9
    assert said["failed_runs"] == 4
    assert any("hypotheses have no run on the reference and are left out" in note for note in said["notes"])
    assert any("of 24 trials were pruned, since they scored badly early" in note for note in said["notes"])
    assert "tau" in said["answers"]["proxies"]


@pytest.mark.parametrize(
    ("store", "want"),
    [
        ("mlflow:{}/none.db", "where no folder is"),
        ("mlflow:sqlite:///{}/none.db", "where no file is"),
        ("mlflow:{}", "a folder without MLflow's experiments"),
        ("mlflow:{}/optuna.db", "a database without MLflow's tables"),
        ("optuna:{}/mlflow.db", "a database without Optuna's tables"),
        ("optuna:{}/nothing", "where no file is"),
        ("optuna:{}/text", "a store without any study"),
        ("mlflow:{}/torn.db", "can't read"),
        ("optuna:sqlite:///{}/torn.db", "can't be read as a database"),
        ("mlflow:postgresql://nobody@127.0.0.1:9/none", "what MLflow can't read"),
        ("optuna:mysql://nobody@127.0.0.1:9/none", "what Optuna can't read"),
    ],
)
def test_what_is_no_store_is_refused_with_a_message(databases: Path, store: str, want: str) -> None:
    (databases / "text").write_text("not a journal\n")
    (databases / "torn.db").write_bytes(b"SQLite format 3\0" + os.urandom(200))
    before = {file: file.stat().st_mtime_ns for file in databases.glob("*.db")}
    ended = judge(store.format(databases))
    assert ended.code not in (0, None)
    assert want in ended.errors.replace("can't be read", "can't read") or want in ended.errors
    assert "Traceback" not in ended.errors
    assert {file: file.stat().st_mtime_ns for file in databases.glob("*.db")} == before


def test_a_store_whose_rows_are_damaged_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with quietly(monkeypatch):
        write_optuna(f"sqlite:///{tmp_path}/o.db")
    with sqlite3.connect(tmp_path / "o.db") as opened:
        opened.execute("UPDATE trial_params SET distribution_json = 'nonsense'")
    ended = judge(f"optuna:{tmp_path}/o.db")
    assert ended.code not in (0, None)
    assert "what Optuna can't read" in ended.errors
