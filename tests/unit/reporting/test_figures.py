"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.reporting.figures import decimals_for, duration, fixed, interval_text, listed, seconds_text, sentence


@pytest.mark.parametrize(
    ("seconds", "want"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (273600, "3 d 4 h")],
)
def test_durations_have_two_units_at_most(seconds: float, want: str) -> None:
    assert duration(seconds) == want


@pytest.mark.parametrize(("seconds", "want"), [(None, "–"), (0.8412, "0.84"), (12.34, "12.3"), (1240.4, "1,240")])
def test_seconds_have_three_digits(seconds: float | None, want: str) -> None:
    assert seconds_text(seconds) == want


def test_decimals_follow_the_usual_interval() -> None:
    assert decimals_for([0.008, 0.008, 3.0], [0.97]) == 4
    assert decimals_for([], [0.97]) == 4
    assert decimals_for([], [1234.5]) == 0
    assert decimals_for([], []) == 3


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 6))
def test_any_number_stays_short(value: float, decimals: int) -> None:
    assert len(fixed(value, decimals, signed=True)) <= 15


def test_an_interval_needs_both_ends() -> None:
    assert interval_text(0.1, 0.25, 2) == "[0.10, 0.25]"
    assert interval_text(None, 0.25, 2) == ""


def test_lists_are_cut_with_their_number() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_sentences_begin_with_a_capital_and_end_with_a_stop() -> None:
    assert sentence("the tau is .5") == "The tau is .5."
    assert sentence("") == ""
