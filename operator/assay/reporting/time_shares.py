"""Where the trials' time went, arm by arm."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from assay.api.resources import REFERENCE
from assay.reporting.figures import listed, share

if TYPE_CHECKING:
    from assay.reporting.trials import Trials
    from assay_trainer.contract import TrialResult

PHASE_WORDS = {
    "data_wait": "waiting for data",
    "copy_to_device": "copy to the device",
    "forward": "forward pass",
    "backward": "backward pass",
    "optimizer": "optimizer",
    "evaluation": "evaluation",
    "other": "in no named phase",
    "training": "training (no profile)",
    "setup": "set-up",
}
"""The phases of a trial, in the order in which they are drawn. Training is split up only where a profile was taken."""


class TimeShare(NamedTuple):
    """One phase of one arm: its share of the arm's time (0 to 1), and its mean wall seconds per trial."""

    arm: str
    phase: str
    share: float
    seconds: float


def time_shares(trials: Trials) -> tuple[TimeShare, ...]:
    """Return the time shares of all arms that have results, for the phases that took any time."""
    found: list[TimeShare] = []
    for arm, succeeded in trials.succeeded.items():
        seconds: dict[str, float] = defaultdict(float)
        for trial in succeeded:
            if trial.result:
                for phase, spent in _phases(trial.result).items():
                    seconds[phase] += spent
        total = sum(seconds.values())
        found.extend(
            TimeShare(arm, phase, seconds[phase] / total, seconds[phase] / len(succeeded))
            for phase in PHASE_WORDS
            if seconds[phase] > 0
        )
    return tuple(found)


def _phases(result: TrialResult) -> dict[str, float]:
    """Return the seconds by phase; a profile's shares are of training and evaluation together."""
    cost, profile = result.cost, result.profile
    if profile is None:
        return {"setup": cost.setup_seconds, "training": cost.training_seconds, "evaluation": cost.evaluation_seconds}
    measured = cost.training_seconds + cost.evaluation_seconds
    shares = {phase: getattr(profile, phase) for phase in PHASE_WORDS if phase not in ("training", "setup")}
    return {"setup": cost.setup_seconds, **{phase: each * measured for phase, each in shares.items()}}


NAMED = ("copy_to_device", "forward", "backward", "optimizer")
"""The phases that only a train function can name."""

MUCH_TIME = 0.5
"""Time outside the named phases is mentioned if its share is at least this."""


def unnamed(other: float, named: float) -> str:
    """Say what to do about time outside the named phases, given its share and the share of the phases in `NAMED`. Empty
    if little time is unnamed."""
    if other < MUCH_TIME:
        return ""
    told = "names no phases" if named <= 0 else "names too few phases"
    return (
        f"The train function {told}, so what {share(other)} of the time goes to is not known: "
        '`with trial.timed("forward"): …` around its parts says it (also data_wait, copy_to_device, backward, '
        "optimizer, evaluation)."
    )


def time_answer(shares: tuple[TimeShare, ...]) -> str:
    """Say where a reference trial's time goes: the largest phases, and whether the loop waits for data."""
    own = sorted((each for each in shares if each.arm == REFERENCE), key=lambda each: -each.share)
    if not own:
        return "No trial of the reference has ended, so it is not known where its time goes."
    by_phase = {each.phase: each.share for each in own}
    unknown = unnamed(by_phase.get("other", 0.0), sum(by_phase.get(phase, 0.0) for phase in NAMED))
    largest = listed(f"{share(each.share)} {PHASE_WORDS[each.phase]}" for each in own[:3])
    idle = sum(each.share for each in own if each.phase in ("data_wait", "copy_to_device"))
    if not any(each.phase == "data_wait" for each in own):
        hint = ""
    elif idle >= 0.2:
        hint = f" The device waits for data for {share(idle)} of the time: a faster loader costs no trust."
    else:
        hint = f" Data are no bottleneck: loading and copying take {share(idle)}."
    answer = f"A trial of the reference spends its time on {largest}.{hint}"
    return f"{answer} {unknown}" if unknown else answer
