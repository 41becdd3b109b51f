from __future__ import annotations

from typing import Any

import pytest

from assay.api.resources import Seeds
from assay.planning.records.edit_log import EditRecord, Scored
from assay.planning.study.looks import Looks, fresh_from, looks_of

PRESENT = frozenset({"a", "b"})


def a_record(number: int, seen: int, initial: int = 3, maximum: int = 10, **changes: Any) -> EditRecord:
    """Return a record that was written when hypotheses a and b, the baseline a, had `seen` seeds."""
    baseline = changes.pop("baseline", "a")
    fields: dict[str, Any] = {
        "number": number,
        "made_at": float(number),
        "judged_by": {"seeds.initial": initial, "seeds.maximum": maximum, "hypotheses.baseline": baseline},
        "ground": "g",
        "baseline_runs": baseline,
        "arms": {},
        "seeds": seen,
        "scored": {name: Scored(runs=name, seeds=seen) for name in ("a", "b")},
    }
    return EditRecord(**(fields | changes))


def looks(initial: int, maximum: int, *log: EditRecord, ground: str = "g") -> Looks:
    return looks_of(Seeds(initial=initial, maximum=maximum), log, ground, PRESENT)


def test_a_study_that_was_never_edited_has_the_looks_of_its_spec() -> None:
    assert looks(3, 10) == Looks(3, 10)
    assert looks(3, 10, a_record(1, 1)) == Looks(3, 10)


def test_a_raised_maximum_goes_on_after_the_earlier_ones() -> None:
    log = a_record(1, 1, maximum=5), a_record(2, 5, maximum=10), a_record(3, 10, maximum=20)
    assert looks(3, 20, *log) == Looks(3, 20, (5, 10))


def test_a_lowered_maximum_keeps_the_bounds_of_the_larger() -> None:
    assert looks(3, 5, a_record(1, 1), a_record(2, 10, maximum=5)) == Looks(3, 10)


def test_a_maximum_that_was_put_back_counts_as_what_it_was() -> None:
    assert looks(3, 10, a_record(1, 1), a_record(2, 10, maximum=20), a_record(3, 20)) == Looks(3, 20, (10,))


@pytest.mark.parametrize(("seen", "want"), [(2, Looks(3, 20)), (3, Looks(3, 20, (10,)))])
def test_a_maximum_under_which_nobody_was_looked_at_does_not_count(seen: int, want: Looks) -> None:
    assert looks(3, 20, a_record(1, 1), a_record(2, seen, maximum=20)) == want


@pytest.mark.parametrize("initial", [2, 5])
def test_the_first_number_of_seeds_stays_once_it_was_looked_at(initial: int) -> None:
    assert looks(initial, 10, a_record(1, 1), a_record(2, 3, initial)) == Looks(3, 10)
    assert looks(initial, 10, a_record(1, 1), a_record(2, 2, initial)) == Looks(initial, 10)


def test_a_first_number_above_the_present_maximum_leaves_one_look() -> None:
    assert looks(2, 3, a_record(1, 1, 5, 5), a_record(2, 5, 2, 3)) == Looks(5, 5)


def test_who_had_scores_and_was_removed_is_counted_once() -> None:
    gone = {"c": Scored(runs="c", seeds=3), "renamed": Scored(runs="b", seeds=3)}
    assert looks(3, 10, a_record(1, 1), a_record(2, 3, scored=gone), a_record(3, 5, scored=gone)).removed == 1


def test_an_edited_hypothesis_counts_beside_what_it_was() -> None:
    assert looks(3, 10, a_record(1, 3, scored={"b": Scored(runs="b, before", seeds=3)})).removed == 1


def test_what_was_seen_on_another_ground_does_not_count() -> None:
    log = a_record(1, 1, maximum=5, ground="old"), a_record(2, 5, ground="old"), a_record(3, 1)
    assert looks(3, 10, *log) == Looks(3, 10)


@pytest.mark.parametrize("value", [None, True, "many", -1, 1, 10**12])
def test_a_number_of_seeds_that_can_not_be_is_left_aside(value: Any) -> None:
    spoilt = a_record(1, 5, judged_by={"seeds.initial": value, "seeds.maximum": value})
    assert looks(3, 10, spoilt, a_record(2, 10)) == Looks(3, 10)


def test_a_baseline_that_was_there_from_the_start_is_compared_by_all_seeds() -> None:
    assert fresh_from((), "g", "a", "a") == 0
    assert fresh_from((a_record(1, 1), a_record(2, 5, maximum=20)), "g", "a", "a") == 0


def test_a_baseline_that_was_chosen_by_its_score_is_compared_by_seeds_that_nobody_had() -> None:
    log = a_record(1, 1), a_record(2, 5, baseline="b"), a_record(3, 8, baseline="b", maximum=20)
    assert fresh_from(log, "g", "b", "b") == 5


def test_a_baseline_that_is_put_back_is_compared_as_it_was() -> None:
    log = a_record(1, 1), a_record(2, 5, baseline="b"), a_record(3, 8), a_record(4, 9, baseline="b")
    assert fresh_from(log, "g", "a", "a") == 0
    assert fresh_from(log, "g", "b", "b") == 5


def test_a_new_baseline_without_scores_is_compared_by_all_seeds() -> None:
    log = a_record(1, 1), a_record(2, 5, baseline="new")
    assert fresh_from(log, "g", "new", "new") == 0


def test_the_looks_after_a_seed_are_fewer() -> None:
    assert Looks(3, 20, (5, 10)).after(5) == Looks(3, 15, (5,))
    assert Looks(3, 10).after(8) == Looks(3, 2)
