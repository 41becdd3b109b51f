"""Trials of an Optuna study, with the columns of `Study.trials_dataframe`. Only Optuna knows how it keeps them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.api.errors import InvalidInput
from assay.api.resources import Goal
from assay.judging.stores.request import MOST_RUNS, STEP, StoredRuns, StoreRequest
from assay.judging.stores.sqlite import PREFIX, check_sqlite, is_sqlite_file
from assay.judging.stores.steps import failed_at, steps_kept

_PRUNED, _FAILED = "PRUNED", "FAIL"


def optuna_trials(url: str, request: StoreRequest) -> StoredRuns:
    """Read the trials of a study; `url` is that of its storage, a SQLite file or a journal. Raises InvalidInput."""
    url = f"{PREFIX}{url}" if is_sqlite_file(url) else url
    check_sqlite(url, "trials", "Optuna", request)
    with _quiet():
        try:
            import optuna
        except ImportError:
            raise request.wrong("", "no Optuna in this environment", "pip install optuna") from None
        try:
            storage = _storage(optuna, url, request)
            name = request.chosen("study", optuna.get_all_study_names(storage))
            study = optuna.load_study(study_name=name, storage=storage)
            trials = study.get_trials(deepcopy=False)[:MOST_RUNS]
            directions = [str(each.name) for each in study.directions]
        except InvalidInput:
            raise
        except Exception as error:  # a store may be broken in any way, and Optuna raises whatever that leads to
            raise _unreadable(error, request) from error
    if not trials:
        raise request.wrong("study", f"{name!r}, which has no trials", "a study with trials")
    columns = _by_step(trials, request) if request.by_step else _at_the_end(trials, len(directions))
    if request.by_step and not columns[STEP]:
        given = "a study whose trials report nothing on their way"
        raise request.wrong("arm", given, "trials with intermediate values (trial.report)")
    said = _about_pruned(trials) if request.by_step else ()
    return StoredRuns(name, columns, _goal(directions, request), seed="number", said=said)


def _about_pruned(trials: Sequence[Any]) -> tuple[str, ...]:
    pruned = sum(trial.state.name == _PRUNED for trial in trials)
    if not pruned:
        return ()
    of_all = (
        f"{pruned} of {len(trials)} trials were pruned, since they scored badly early: they are missing at all later"
    )
    return (f"{of_all} steps, so that what is said holds among those that were let run on.",)


def _storage(optuna: Any, url: str, request: StoreRequest) -> Any:
    if "://" in url:
        return optuna.storages.RDBStorage(url, skip_table_creation=True)
    if not Path(url).is_file():
        raise request.wrong("", f"{url}, where no file is", "the storage's URL, a SQLite file or a journal")
    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(url))


def _goal(directions: Sequence[str], request: StoreRequest) -> Goal | None:
    """Return the goal of the objective that is the score."""
    place = 0
    if len(directions) > 1:
        number = (request.score or "").removeprefix("values_")
        if not number.isdecimal() or int(number) >= len(directions):
            return None
        place = int(number)
    return Goal.MINIMIZE if directions[place] == "MINIMIZE" else Goal.MAXIMIZE


def _at_the_end(trials: Sequence[Any], objectives: int) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"number": [trial.number for trial in trials]}
    if objectives == 1:
        # a trial that was pruned has the last value that it reported, which is not that of a whole run
        columns["value"] = [trial.value if trial.state.name != _PRUNED else None for trial in trials]
    else:
        for place in range(objectives):
            columns[f"values_{place}"] = [trial.values[place] if trial.values else None for trial in trials]
    columns |= {
        "datetime_start": [trial.datetime_start for trial in trials],
        "datetime_complete": [trial.datetime_complete for trial in trials],
        "duration": [trial.duration.total_seconds() if trial.duration else None for trial in trials],
        **_settings(trials),
        "state": [trial.state.name for trial in trials],
    }
    return columns


def _by_step(trials: Sequence[Any], request: StoreRequest) -> dict[str, list[Any]]:
    """Return a row per trial and step. When a step was reached nobody wrote down, so it has no cost.

    A trial that failed has rows without a score as well (see `failed_at`).
    """
    kept = set(steps_kept((step for trial in trials for step in trial.intermediate_values), request.steps))
    settings = _settings(trials)
    columns: dict[str, list[Any]] = {name: [] for name in ("number", STEP, "value", *settings)}
    for place, trial in enumerate(trials):
        scores: dict[int, float | None] = {s: v for s, v in trial.intermediate_values.items() if s in kept}
        if trial.state.name == _FAILED:
            scores |= dict.fromkeys(failed_at(trial.intermediate_values, kept))
        for step, value in scores.items():
            columns["number"].append(trial.number)
            columns[STEP].append(step)
            columns["value"].append(value)
            for name, values in settings.items():
                columns[name].append(values[place])
    return columns


def _settings(trials: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for kind, values in (
        ("params", [trial.params for trial in trials]),
        ("user_attrs", [trial.user_attrs for trial in trials]),
    ):
        for key in sorted({key for each in values for key in each}):
            found[f"{kind}_{key}"] = [_scalar(each.get(key)) for each in values]
    return found


def _scalar(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _unreadable(error: Exception, request: StoreRequest) -> Exception:
    said = str(error).strip().splitlines() or [type(error).__name__]
    return request.wrong("", f"what Optuna can't read ({said[0][:300]})", "a storage of this version of Optuna")


@contextmanager
def _quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
