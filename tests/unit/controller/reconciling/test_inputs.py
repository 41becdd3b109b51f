"""Digests of inputs: asked for within a study's turn, remembered, and never asked for in a circle."""

from __future__ import annotations

import pytest

from assay.controller.reconciling.inputs import Inputs
from assay.controller.remembering.remembered import REMEMBERED_SECONDS
from assay.store import Turn, TurnOver
from assay_trainer.objects import StoreError

URIS = tuple(f"s3://bucket/input-{index}" for index in range(64))
TURN_SECONDS = 5.0


class SlowStore:
    """Takes seconds for each answer; its clock shows them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0
        self.asked: list[str] = []
        self.is_away = False

    def clock(self) -> float:
        return self.now

    def digest_of(self, uri: str) -> str:
        self.now += self.seconds
        self.asked.append(uri)
        if self.is_away:
            error = StoreError(f"{uri}: away")
            error.may_pass = True
            raise error
        return f"digest of {uri}"


def turns_until_all_are_known(store: SlowStore, inputs: Inputs) -> int:
    for turns in range(1, 1000):
        turn = Turn(TURN_SECONDS, store.clock)
        try:
            for uri in URIS:
                inputs(uri, turn)
        except TurnOver:
            continue
        return turns
    raise AssertionError("the inputs are never all known")


@pytest.mark.parametrize("seconds", [0.0, 0.5, 3.0, 20.0])
def test_many_inputs_in_a_slow_store_are_all_known_after_some_turns(seconds: float) -> None:
    store = SlowStore(seconds)
    inputs = Inputs(store.clock, store.digest_of)

    turns_until_all_are_known(store, inputs)

    assert sorted(store.asked) == sorted(URIS), "each was asked for once"


def test_a_turn_that_is_over_asks_no_more() -> None:
    store = SlowStore(2.0)
    inputs = Inputs(store.clock, store.digest_of)
    turn = Turn(TURN_SECONDS, store.clock)
    for uri in URIS[:3]:
        inputs(uri, turn)

    with pytest.raises(TurnOver):
        inputs(URIS[3], turn)

    assert len(store.asked) == 3


def test_what_was_overwritten_is_seen_after_a_while_and_what_is_away_is_remembered() -> None:
    store = SlowStore(0.0)
    inputs = Inputs(store.clock, store.digest_of)
    first = inputs(URIS[0])
    store.now = REMEMBERED_SECONDS + 1
    store.is_away = True

    assert inputs(URIS[0]) == first
    assert store.asked == [URIS[0]] * 2
