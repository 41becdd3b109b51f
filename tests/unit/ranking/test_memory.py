"""A memory answers what was asked before without asking again, and holds no more than it may."""

from __future__ import annotations

import numpy as np
import pytest

from assay.ranking import Scores
from assay.ranking.memory import NO_MEMORY, Memory


class Counted:
    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, scores: Scores, *, seeds: int = 1) -> float:
        self.asked += 1
        return float(scores.values.sum()) * seeds


def a_table(value: float) -> Scores:
    return Scores(("a", "b"), (0, 1), np.full((2, 2), value))


def test_equal_arguments_are_answered_from_memory() -> None:
    total, memory = Counted(), Memory(8)
    assert memory.of(total, a_table(0.5), seeds=2) == memory.of(total, a_table(0.5), seeds=2) == 4.0
    assert total.asked == 1


def test_other_arguments_and_other_functions_are_asked_anew() -> None:
    total, other, memory = Counted(), Counted(), Memory(8)
    memory.of(total, a_table(0.5))
    memory.of(total, a_table(0.25))
    memory.of(total, a_table(0.5), seeds=2)
    memory.of(other, a_table(0.5))
    assert (total.asked, other.asked) == (3, 1)


def test_what_was_asked_longest_ago_is_forgotten_first() -> None:
    total, memory = Counted(), Memory(2)
    for value in (1.0, 2.0, 1.0, 3.0, 1.0, 2.0):
        memory.of(total, a_table(value))
    assert total.asked == 4


@pytest.mark.parametrize("forgetful", [NO_MEMORY, Memory(0)], ids=["the default", "no room"])
def test_a_memory_without_room_asks_each_time(forgetful: Memory) -> None:
    total = Counted()
    assert forgetful.of(total, a_table(1.0)) == forgetful.of(total, a_table(1.0)) == 4.0
    assert total.asked == 2


def test_a_failure_is_not_remembered() -> None:
    memory = Memory(8)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            memory.of(divmod, 1, 0)
