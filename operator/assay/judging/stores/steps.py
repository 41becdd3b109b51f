"""Histories of a metric by step: which steps are read, where there are more than anybody could judge."""

from __future__ import annotations

from collections.abc import Collection, Iterable

MOST_STEPS = 400
"""More steps than become arms, so that those who name one find it."""


def steps_kept(found: Iterable[int], named: Collection[int]) -> list[int]:
    """Return the steps that are kept: all, or so many spread-out ones, with the last and the `named` ones among
    them."""
    steps = sorted(set(found))
    if len(steps) <= MOST_STEPS:
        return steps
    last = len(steps) - 1
    spread = {steps[round(place * last / (MOST_STEPS - 1))] for place in range(MOST_STEPS)}
    return sorted(spread | (set(named) & set(steps)))


def failed_at(reached: Iterable[int], kept: Iterable[int]) -> list[int]:
    """Return the steps at which a run that failed counts as failed: those after all that it `reached`, and the last of
    all. What it scored at earlier ones stays."""
    steps = sorted(kept)
    furthest = max(reached, default=None)
    return [step for step in steps if step == steps[-1] or furthest is None or step > furthest]
