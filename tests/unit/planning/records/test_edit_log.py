from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from assay.planning.records.edit_log import MOST_SCORED, EditRecord, Scored, in_order, known_scores, records_to_write


def a_record(number: int = 1, scored: dict[str, int] | None = None, **changes: Any) -> EditRecord:
    fields: dict[str, Any] = {
        "number": number,
        "made_at": 1.0,
        "judged_by": {"metric.name": "accuracy"},
        "ground": "g",
        "baseline_runs": "a",
        "arms": {},
        "seeds": 3,
        "scored": {name: Scored(runs=name, seeds=seeds) for name, seeds in (scored or {"a": 3}).items()},
    }
    return EditRecord(**(fields | changes))


def test_the_first_record_has_all_that_have_scores() -> None:
    assert list(records_to_write((), a_record(scored={"a": 1, "b": 2}))) == [a_record(scored={"a": 1, "b": 2})]


def test_nothing_is_written_where_only_seeds_were_added() -> None:
    assert not list(records_to_write((a_record(),), a_record(scored={"a": 9}, seeds=9)))


def test_further_hypotheses_are_written_alone() -> None:
    assert list(records_to_write((a_record(),), a_record(scored={"a": 4, "b": 1}))) == [a_record(2, {"b": 1})]


@pytest.mark.parametrize(
    "changes",
    [{"judged_by": {"metric.name": "loss"}}, {"ground": "h"}, {"baseline_runs": "b"}, {"arms": {"short": "s"}}],
    ids=str,
)
def test_an_edit_is_written_with_the_seeds_that_were_seen_by_then(changes: dict[str, Any]) -> None:
    now = a_record(scored={"a": 5, "b": 2}, seeds=5, **changes)
    assert list(records_to_write((a_record(), a_record(2, {"b": 2})), now)) == [
        now.model_copy(update={"number": 3, "scored": {"a": Scored(runs="a", seeds=5)}})
    ]


def test_an_edit_is_written_also_where_nobody_has_new_scores() -> None:
    assert [each.number for each in records_to_write((a_record(),), a_record(ground="h"))] == [2]


def test_many_hypotheses_are_written_in_several_records() -> None:
    many = {f"h{number}": 1 for number in range(2 * MOST_SCORED + 1)}
    record = a_record().model_copy(update={"scored": {name: Scored(runs=name, seeds=1) for name in many}})
    written = tuple(records_to_write((a_record(), a_record(3)), record))
    assert [(each.number, len(each.scored)) for each in written] == [(4, 500), (5, 500), (6, 1)]
    assert len(known_scores(written)) == len(many)
    assert not list(records_to_write(in_order((a_record(), a_record(3), *written)), record))


def test_numbers_that_are_taken_are_passed_over() -> None:
    log = a_record(2), a_record(3)
    assert [each.number for each in records_to_write(log, a_record(ground="h"))] == [4]


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0},
        {"seeds": 0},
        {"seeds": 10**9},
        {"judged_by": {"x": "y" * 2_000}},
        {"judged_by": {str(n): 1 for n in range(65)}},
        {"scored": {str(n): {"runs": "x", "seeds": 1} for n in range(501)}},
    ],
    ids=lambda changes: str(changes)[:30],
)
def test_a_record_has_limits(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_record(**changes)
