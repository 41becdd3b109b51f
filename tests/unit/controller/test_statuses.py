"""What becomes of a status, and when it is written."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.bounds import STATUS_BYTES, json_bytes
from assay.api.conditions import Reason
from assay.api.errors import InvalidInput, Problem
from assay.api.resources import ProxyStudyStatus
from assay.controller.datasets import DatasetNotReadable
from assay.controller.statuses import rejected, seconds_until_write, troubled
from assay.planning.plan import plan
from builders.simulated import simulated_study

NOW, LATER = 1_000_000.0, 1_000_060.0


def a_status(**study: Any) -> ProxyStudyStatus:
    """Of a study that has succeeded."""
    return plan(*simulated_study(**{"count": 4, **study}), NOW).status


def said(status: ProxyStudyStatus) -> dict[str, tuple[str, str]]:
    return {condition.type: (condition.status, condition.reason) for condition in status.conditions}


def an_error(*paths: str, allowed: str = "a whole number") -> InvalidInput:
    return InvalidInput([Problem("ProxyStudy/digits", path, "x" * 60, allowed) for path in paths])


def test_a_rejected_study_says_why_and_keeps_what_it_has_found() -> None:
    before = a_status()
    status = rejected(before, an_error("spec.seeds"), 7, LATER, unreadable=False)
    assert (status.ranking, status.arms, status.trials) == (before.ranking, before.arms, before.trials)
    want = {
        "Accepted": ("False", "Invalid"),
        "Succeeded": ("False", "Invalid"),
        "Reconciling": ("False", "Invalid"),
        "Stalled": ("True", "Invalid"),
    }
    assert said(status) == {**said(before), **want}
    generations = {each.type: each.observed_generation for each in status.conditions}
    assert status.observed_generation == generations["Accepted"] == 7
    assert generations["ProxyTrusted"] == 1


@pytest.mark.parametrize(
    ("error", "unreadable", "want"),
    [
        (an_error("spec.seeds"), False, Reason.INVALID),
        (DatasetNotReadable(an_error("spec.dataset.manifest").problems), True, Reason.DATASET_NOT_READABLE),
    ],
)
def test_a_first_look_may_be_a_rejection(error: InvalidInput, unreadable: bool, want: Reason) -> None:
    status = rejected(None, error, 1, NOW, unreadable=unreadable)
    assert said(status)["Accepted"] == ("False", want)
    assert len(status.conditions) == 4


def test_as_many_problems_as_fit_are_told_and_how_many_there_are_more() -> None:
    status = rejected(None, an_error(*(f"spec.field{index}" for index in range(20))), 1, NOW, unreadable=False)
    message = next(each.message for each in status.conditions if each.type == "Accepted")
    assert len(message) <= 512
    assert message.startswith("ProxyStudy/digits: spec.field0: given ")
    assert message.endswith("; and 16 more")


def test_an_unreachable_store_changes_what_kstatus_reads_and_nothing_else() -> None:
    before = a_status()
    status = troubled(before, Reason.STORE_UNREACHABLE, "s3://results: connection refused.", 1, LATER)
    new = {"Stalled": ("True", "StoreUnreachable"), "Reconciling": ("False", "StoreUnreachable")}
    assert said(status) == {**said(before), **new}
    assert status.ranking == before.ranking
    again = troubled(status, Reason.STORE_UNREACHABLE, "s3://results: connection refused.", 1, LATER + 60)
    assert again == status


def test_what_is_said_already_is_not_written() -> None:
    status = a_status().to_dict()
    assert seconds_until_write(status, dict(status), written_at=0, now=NOW) is None


def test_numbers_are_written_now_and_then_and_conditions_at_once() -> None:
    current, numbers = a_status(until=4), a_status(until=5)
    assert said(current) == said(numbers)
    assert seconds_until_write(current.to_dict(), numbers.to_dict(), written_at=NOW - 0.25, now=NOW) == 2.75
    assert seconds_until_write(current.to_dict(), numbers.to_dict(), written_at=NOW - 5, now=NOW) == 0
    assert seconds_until_write(current.to_dict(), a_status().to_dict(), written_at=NOW, now=NOW) == 0
    assert seconds_until_write(None, current.to_dict(), written_at=NOW, now=NOW) == 0


def test_a_status_stays_small_with_a_thousand_hypotheses() -> None:
    status = rejected(a_status(count=1000, seeds=2), an_error("spec.seeds"), 1, NOW, unreadable=False)
    assert len(status.ranking) > 20
    assert json_bytes(status) <= STATUS_BYTES
