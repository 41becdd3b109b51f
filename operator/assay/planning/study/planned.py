"""The pieces of work of a design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from assay.planning.study.programs import NO_SURROUNDINGS, Program, Surroundings
from assay_trainer.contract import Dataset, Fidelity, PreparationMethod


class PlannedTrial(NamedTuple):
    """One trial of the design."""

    key: str
    hypothesis: str
    arm: str
    seed: int
    preparation: str | None


class PlannedPreparation(NamedTuple):
    """One preparation of the design."""

    key: str
    arm: str
    method: PreparationMethod
    program: Program
    code: str
    recipe: Mapping[str, Any]
    fidelity: Fidelity
    repeats: int
    dataset: Dataset
    surroundings: Surroundings = NO_SURROUNDINGS
