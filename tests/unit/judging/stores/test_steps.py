"""Steps of histories: at which of them a run that failed has failed."""

from __future__ import annotations

import pytest

from assay.judging.stores.steps import failed_at


@pytest.mark.parametrize(
    ("reached", "want"),
    [((), [1, 2, 3]), ((1,), [2, 3]), ((1, 2, 3), [3]), ((3,), [3])],
    ids=["it reached nothing", "it stopped early", "it logged everything", "it logged the last step alone"],
)
def test_a_failed_run_has_failed_at_the_last_step_and_where_it_did_not_get_to(
    reached: tuple[int, ...], want: list[int]
) -> None:
    assert failed_at(reached, {3, 1, 2}) == want
