"""Arms whose scores can't be read, since the trials that they are read from did not report them.

Who is left out so is not left out at random: a train function that stops early, say, reports less of what goes badly.
So no arm is judged by the hypotheses alone that can be read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

from assay_trainer.contract import FailureReason

if TYPE_CHECKING:
    from assay.planning.results.progress import Progress
    from assay.planning.study.study import Study


class Unread(NamedTuple):
    """The hypotheses of which an arm's scores can't be read, in the study's order, and why, of the first of them."""

    hypotheses: tuple[str, ...]
    message: str


def unread_of(study: Study, progress: Progress, hypotheses: Collection[str]) -> Mapping[str, Unread]:
    """Return by arm what can't be read of these hypotheses; arms of which all can are not there."""
    found: dict[str, dict[str, str]] = {}
    if study.design.readings and progress.failures:
        for trial in study.design.trials:
            failure = progress.failures.get(trial.key)
            if failure is None or failure.reason is not FailureReason.CURVE_NOT_REPORTED:
                continue
            if trial.hypothesis in hypotheses:
                found.setdefault(trial.arm, {}).setdefault(trial.hypothesis, failure.message)
    return {arm: Unread(tuple(of_arm), next(iter(of_arm.values()))) for arm, of_arm in found.items()}
