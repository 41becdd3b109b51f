"""What becomes of a status, and when it is written."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.bounds import STATUS_BYTES, json_bytes
from assay.api.conditions import Reason
from assay.api.errors import InvalidInput, Problem
from assay.api.resources import ProxyStudyStatus
from assay.controller.publishing.statuses import has_stalled, rejected, seconds_until_write, troubled, unverifiable
from assay.controller.reconciling.datasets import DatasetNotReadable
from assay.planning.plan import plan
from builders.effort import tries
from builders.simulated import simulated_study

NOW, LATER = 1_000_000.0, 1_000_060.0


def a_status(**study: Any) -> ProxyStudyStatus:
    """The status of a study that has succeeded."""
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
    for stalled in (False, True):
        words = {True: "True", False: "False"}
        status = troubled(before, Reason.STORE_UNREACHABLE, "s3://results: refused.", 1, LATER, stalled=stalled)
        new = {
            "Stalled": (words[stalled], "StoreUnreachable"),
            "Reconciling": (words[not stalled], "StoreUnreachable"),
        }
        assert said(status) == {**said(before), **new}
        assert (status.reason, status.message) == (
            "StoreUnreachable",
            "s3://results: refused. It is tried again by itself.",
        )
        assert status.ranking == before.ranking
        assert has_stalled(status, Reason.STORE_UNREACHABLE) is stalled
        again = troubled(status, Reason.STORE_UNREACHABLE, "s3://results: refused.", 1, LATER + 60, stalled=stalled)
        assert again == status


def test_a_finished_study_takes_nothing_back_while_it_can_not_be_checked() -> None:
    before = a_status().model_copy(update={"finished_for": "digest"})
    status = unverifiable(before, Reason.DATASET_NOT_READABLE, "spec.dataset.manifest: nothing there", 1, LATER)
    assert said(status) == {**said(before), "Verifiable": ("False", "DatasetNotReadable")}
    assert (status.ranking, status.trials, status.finished_for) == (before.ranking, before.trials, "digest")
    assert status.reason == "DatasetNotReadable"
    assert (status.message or "").startswith("What was found stays said, but can't be checked now: spec.dataset")
    # An earlier version had called it stalled.
    stalled = troubled(before, Reason.STORE_UNREACHABLE, "no answer", 1, NOW, stalled=True)
    mended = unverifiable(stalled, Reason.STORE_UNREACHABLE, "no answer", 1, LATER)
    assert said(mended)["Stalled"] == said(mended)["Reconciling"] == ("False", "Done")


def test_once_something_else_is_asked_what_can_not_be_read_is_in_the_way() -> None:
    before = unverifiable(
        a_status().model_copy(update={"finished_for": "digest"}), Reason.STORE_UNREACHABLE, "no answer", 1, LATER
    )
    status = rejected(before, an_error("spec.dataset.manifest"), 1, LATER, unreadable=True)
    assert "Verifiable" not in said(status)
    assert status.finished_for is None
    assert said(status)["Succeeded"] == ("False", "DatasetNotReadable")


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


def test_a_status_stays_small_with_many_hypotheses() -> None:
    status = rejected(a_status(count=tries(1000, quick=100), seeds=2), an_error("spec.seeds"), 1, NOW, unreadable=False)
    assert len(status.ranking) > 20
    assert json_bytes(status) <= STATUS_BYTES
