"""Where past runs are: a file, a data frame, or the store of the tool that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.api.resources import Goal
from assay.judging.stores.request import STEP, StoreRequest
from assay.recorded.columns.names import SEED, name_of
from assay.recorded.read import STANDARD_INPUT, read_file, read_frame

if TYPE_CHECKING:
    from assay.recorded.choice import Choice
    from assay.recorded.table import Table

MLFLOW, OPTUNA = "mlflow:", "optuna:"


@dataclass(frozen=True)
class PastRuns:
    """A table of past runs, what it is called, what its source says is better, if anything, and whether its arms are
    steps of the same runs."""

    table: Table
    name: str
    goal: Goal | None = None
    by_step: bool = False


def runs_at(place: str, choice: Choice, *, part: str | None = None, named_arms: Sequence[str] = ()) -> PastRuns:
    """Read the runs of a file (`-`: standard input), of `mlflow:URI` or of `optuna:URL`.

    `part` is the experiment or the study; `named_arms` are arms that somebody has named. Raises InvalidInput.
    """
    kind = next((each for each in (MLFLOW, OPTUNA) if place.startswith(each)), None)
    if kind is None:
        path = STANDARD_INPUT if place == "-" else Path(place)
        name = "standard input" if place == "-" else Path(place).name
        return PastRuns(read_file(path, choice), name, by_step=choice.arm == (STEP,))
    request = StoreRequest(
        place=place,
        part=part,
        by_step=choice.arm == (STEP,),
        score=choice.score,
        steps=tuple(int(arm) for arm in named_arms if arm.isdecimal()),
        option=choice.option,
    )
    uri = place.removeprefix(kind)
    if kind == MLFLOW:
        from assay.judging.stores.mlflow_runs import mlflow_runs

        stored = mlflow_runs(uri, request)
    else:
        from assay.judging.stores.optuna_trials import optuna_trials

        stored = optuna_trials(uri, request)
    has_seeds = any(name_of(column).bare in SEED for column in stored.columns)
    if request.by_step and choice.seed is None and not has_seeds:
        # rows of one run belong together: their noise is shared
        choice = replace(choice, seed=stored.seed)
    table = read_frame(stored.columns, choice, f"{kind}{stored.name}")
    table = replace(table, said=(*table.said, *stored.said))
    return PastRuns(table, stored.name, stored.goal, request.by_step)


def runs_in(table: Any, choice: Choice, name: str) -> PastRuns:
    """Read the runs of a data frame, or of a mapping of columns. Raises InvalidInput."""
    return PastRuns(read_frame(table, choice, name), name, by_step=choice.arm == (STEP,))
