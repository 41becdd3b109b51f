from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from assay_trainer.ranks.agreed import Agreement

NOT_YET, ACTS, ENDS = (False, False), (True, False), (True, True)


@pytest.fixture
def three() -> Iterator[Agreement]:
    with closing(Agreement(3)) as agreement:
        yield agreement


def call(agreement: Agreement, rank: int, *, wants: bool = False, ends: bool = False) -> tuple[bool, bool]:
    return agreement.acts(rank, wants=wants, ends=ends)


def test_all_act_at_the_call_of_rank_0_where_none_is_farther(three: Agreement) -> None:
    assert [call(three, 0, wants=True), call(three, 1), call(three, 2)] == [ACTS] * 3
    assert [call(three, rank) for rank in range(3)] == [NOT_YET] * 3


def test_all_act_at_a_call_that_none_has_made_where_some_are_farther(three: Agreement) -> None:
    assert [call(three, 2) for _ in range(3)] == [NOT_YET] * 3
    assert [call(three, 0, ends=True) for _ in range(4)] == [NOT_YET] * 3 + [ENDS]
    assert [call(three, 1) for _ in range(4)] == [NOT_YET] * 3 + [ENDS]
    assert call(three, 2) == ENDS


def test_what_others_want_does_not_count(three: Agreement) -> None:
    assert call(three, 1, wants=True, ends=True) == NOT_YET
    assert call(three, 0) == NOT_YET


def test_to_end_comes_after_a_call_that_is_only_to_be_acted_at(three: Agreement) -> None:
    call(three, 1)
    assert [call(three, 0, wants=True), call(three, 0, ends=True), call(three, 1)] == [NOT_YET, ACTS, ACTS]
    assert [call(three, 0, ends=True), call(three, 1)] == [ENDS, ENDS]


@pytest.mark.parametrize("want", ["checkpoints/0123/000007.state", None])
def test_all_go_on_from_what_rank_0_says(three: Agreement, want: str | None) -> None:
    three.go_on_from(want)
    assert three.goes_on_from() == want
