"""How much of a study can run at the same time where it runs."""

from __future__ import annotations

from typing import NamedTuple


class Capacity(NamedTuple):
    """What the place gives on which the trials run.

    `slots` is how many trials can run at a time, None where something else sees to that (a quota).
    `idle_slots_are_free`: nobody else can use them, as those of one machine; then they may take what is likely to be
    wanted next.
    """

    slots: int | None = None
    idle_slots_are_free: bool = False


NO_LIMIT = Capacity()
"""A place where something else says how much may run."""
