"""Runs of an MLflow tracking store, with the columns of `mlflow.search_runs`. Only MLflow knows how it keeps them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from assay.api.errors import InvalidInput
from assay.judging.stores.request import MOST_RUNS, STEP, StoredRuns, StoreRequest
from assay.judging.stores.sqlite import PREFIX, check_sqlite, is_sqlite_file
from assay.judging.stores.steps import failed_at, steps_kept

_PAGE = 1000
_FAILED = "FAILED"
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": os.environ.get("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2"),
}
"""Nothing is told to anybody. A store of plain files is read, whatever MLflow thinks of writing to one. A server that
is not there is asked three times, which takes seconds, and not for minutes."""


def mlflow_runs(uri: str, request: StoreRequest) -> StoredRuns:
    """Read the runs of an experiment; `uri` is a tracking URI, a folder, or a SQLite file. Raises InvalidInput."""
    uri = f"{PREFIX}{uri}" if is_sqlite_file(uri) else uri
    check_sqlite(uri, "experiments", "MLflow", request)
    _check_folder(uri, request)
    with _quiet():
        try:
            from mlflow.entities import ViewType
            from mlflow.tracking import MlflowClient
        except ImportError:
            raise request.wrong("", "no MLflow in this environment", "pip install mlflow-skinny") from None
        try:
            client = MlflowClient(tracking_uri=uri)
            experiments = {each.name: each.experiment_id for each in _pages(client.search_experiments)}
            with_runs = [
                name
                for name, key in experiments.items()
                if name != "Default" or client.search_runs([key], max_results=1)
            ]
            name = request.chosen("experiment", list(experiments) if request.part else with_runs)
            runs = list(_pages(client.search_runs, [experiments[name]], "", ViewType.ACTIVE_ONLY))
            columns = _by_step(client, runs, request) if request.by_step else _at_the_end(runs)
        except InvalidInput:
            raise
        except Exception as error:  # a store may be broken in any way, and MLflow raises whatever that leads to
            raise _unreadable(error, request) from error
    if not runs:
        raise request.wrong("experiment", f"{name!r}, which has no runs", "an experiment with runs")
    return StoredRuns(name, columns, seed="run_id")


def _pages(search: Any, *arguments: Any) -> Iterator[Any]:
    """Yield everything that a search of MLflow's finds."""
    token, found = None, 0
    while True:
        page = search(*arguments, max_results=_PAGE, page_token=token)
        yield from page
        found, token = found + len(page), page.token
        if not token or found >= MOST_RUNS:
            return


def _at_the_end(runs: Sequence[Any]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "run_id": [run.info.run_id for run in runs],
        "status": [run.info.status for run in runs],
        "start_time": [_time(run.info.start_time) for run in runs],
        "end_time": [_time(run.info.end_time) for run in runs],
    }
    for kind, values in (
        ("metrics", [run.data.metrics for run in runs]),
        ("params", [run.data.params for run in runs]),
        ("tags", [run.data.tags for run in runs]),
    ):
        for key in sorted({key for each in values for key in each}):
            columns[f"{kind}.{key}"] = [each.get(key) for each in values]
    return columns


def _by_step(client: Any, runs: Sequence[Any], request: StoreRequest) -> dict[str, list[Any]]:
    """Return a row per run and step; its cost is the time from the run's start to when that step was logged.

    A run that failed has rows without a score as well (see `failed_at`).
    """
    metric = request.metric(sorted({key for run in runs for key in run.data.metrics}))
    histories = [client.get_metric_history(run.info.run_id, metric) for run in runs]
    kept = set(steps_kept((point.step for history in histories for point in history), request.steps))
    whole = _at_the_end(runs)
    shared = {name: values for name, values in whole.items() if name.startswith(("params.", "tags."))}
    columns: dict[str, list[Any]] = {name: [] for name in ("run_id", STEP, "seconds", f"metrics.{metric}", *shared)}

    def add(place: int, step: int, seconds: float | None, value: float | None) -> None:
        columns["run_id"].append(runs[place].info.run_id)
        columns[STEP].append(step)
        columns["seconds"].append(seconds)
        columns[f"metrics.{metric}"].append(value)
        for name, values in shared.items():
            columns[name].append(values[place])

    for place, (run, history) in enumerate(zip(runs, histories, strict=True)):
        started, ended = run.info.start_time, run.info.end_time
        failed = failed_at((point.step for point in history), kept) if run.info.status == _FAILED else []
        # the last value that was logged at a step counts
        for point in {point.step: point for point in history if point.step in kept}.values():
            if point.step not in failed:
                add(place, point.step, max(0.0, (point.timestamp - started) / 1000), point.value)
        for step in failed:
            add(place, step, max(0.0, (ended - started) / 1000) if ended is not None else None, None)
    return columns


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _check_folder(uri: str, request: StoreRequest) -> None:
    """Check that a folder has an experiment of MLflow's, which makes a store of any folder that it opens."""
    if "://" in uri and not uri.startswith("file:"):
        return
    folder = Path(unquote(uri.removeprefix("file://").removeprefix("file:")))
    if not folder.is_dir():
        raise request.wrong("", f"{uri}, where no folder is", "MLflow's tracking URI, a folder or a SQLite file")
    if not any(folder.glob("*/meta.yaml")):
        raise request.wrong("", f"{uri}, a folder without MLflow's experiments", "a folder such as mlruns")


def _unreadable(error: Exception, request: StoreRequest) -> Exception:
    said = str(error).strip().splitlines() or [type(error).__name__]
    return request.wrong("", f"what MLflow can't read ({said[0][:300]})", "a tracking store of this version of MLflow")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow from logging about itself, and from looking for anything elsewhere."""
    before = {name: os.environ.get(name) for name in _SETTINGS}
    logging.disable(logging.WARNING)
    os.environ.update(_SETTINGS)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
