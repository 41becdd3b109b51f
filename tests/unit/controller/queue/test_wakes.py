"""Each event wakes the studies and hypotheses that it is about."""

from __future__ import annotations

from typing import Any

import pytest

from assay.controller.queue.schedule import Key
from assay.controller.queue.wakes import LATER_SECONDS, RELIST, SOON_SECONDS, Wakes
from assay.controller.world import World
from assay.kube import STUDY_LABEL, Manifest

STUDY, HYPOTHESIS = Key("study", "team", "digits"), Key("hypothesis", "team", "idea")


class Woken:
    """Stands in for the workers: remembers which keys are woken, and whether at once."""

    def __init__(self) -> None:
        self.keys: dict[Key, bool] = {}
        self.delay = 0.0

    def wake(self, key: Key, *, delay: float = 0.0, eager: bool = False) -> None:
        self.keys[key] = eager
        self.delay = delay

    def take(self) -> dict[Key, bool]:
        taken, self.keys = self.keys, {}
        return taken


class Watch:
    """Events of a study and a hypothesis that are there, with what they wake."""

    def __init__(self) -> None:
        self.woken = Woken()
        self.world = World()
        self.wakes = Wakes(self.world, self.woken)  # type: ignore[arg-type]
        self.wakes.study("ADDED", an_object("digits"))
        self.wakes.hypothesis("ADDED", an_object("idea"))
        assert self.woken.take() == {STUDY: True, HYPOTHESIS: False}


def an_object(name: str, version: int = 1, *, status: Any = None, **metadata: Any) -> Manifest:
    usual = {
        "name": name,
        "namespace": "team",
        "uid": f"uid-of-{name}",
        "generation": 1,
        "creationTimestamp": "2026-01-31T12:00:00Z",
        "resourceVersion": str(version),
    }
    return {"metadata": {**usual, **metadata}, "status": status or {}}


def conditions(**statuses: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status} for kind, status in statuses.items()]}


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_an_edited_study_is_looked_at_at_once_and_so_are_the_hypotheses(watch: Watch) -> None:
    watch.wakes.study("MODIFIED", an_object("digits", 2, generation=2))
    assert watch.woken.take() == {STUDY: True, HYPOTHESIS: False}


def test_a_request_to_retry_is_an_edit(watch: Watch) -> None:
    watch.wakes.study("MODIFIED", an_object("digits", 2, annotations={"assay.dev/retry": "now"}))
    assert watch.woken.take()[STUDY] is True


def test_a_status_that_somebody_else_wrote_is_looked_at_in_due_time(watch: Watch) -> None:
    watch.wakes.study("MODIFIED", an_object("digits", 2, status=conditions(Stalled="True")))
    assert watch.woken.take() == {STUDY: False}


def test_hypotheses_hear_of_the_end_of_a_study(watch: Watch) -> None:
    watch.wakes.study("MODIFIED", an_object("digits", 2, status=conditions(Succeeded="True")))
    assert watch.woken.take() == {STUDY: False, HYPOTHESIS: False}


def test_what_the_operator_has_written_itself_wakes_nobody(watch: Watch) -> None:
    written = an_object("digits", 2, status=conditions(Succeeded="True"))
    watch.world.studies.put(written)
    watch.wakes.study("MODIFIED", written)
    assert watch.woken.take() == {}


def test_an_edited_relabelled_or_deleted_hypothesis_wakes_the_studies(watch: Watch) -> None:
    watch.wakes.hypothesis("MODIFIED", an_object("idea", 2, generation=2))
    assert watch.woken.take() == {STUDY: True, HYPOTHESIS: False}
    watch.wakes.hypothesis("MODIFIED", an_object("idea", 3, generation=2, labels={"backlog": "vision"}))
    assert watch.woken.take() == {STUDY: True, HYPOTHESIS: False}
    watch.wakes.hypothesis(
        "MODIFIED", an_object("idea", 4, generation=2, labels={"backlog": "vision"}, status={"a": 1})
    )
    assert watch.woken.take() == {HYPOTHESIS: False}
    watch.wakes.hypothesis("DELETED", an_object("idea", 5))
    assert watch.woken.take() == {STUDY: True, HYPOTHESIS: False}


LABELS = {STUDY_LABEL: "digits"}


def test_jobs_and_pods_wake_their_study(watch: Watch) -> None:
    for event in (watch.wakes.job, watch.wakes.pod):
        event("ADDED", an_object("digits-1", 7, labels=LABELS))
        assert watch.woken.take() == {STUDY: False}
        event("ADDED", an_object("digits-1", 7, labels=LABELS))
        assert watch.woken.take() == {}
        event("DELETED", an_object("digits-1", 8, labels=LABELS))
        assert watch.woken.take() == {STUDY: False}


def test_what_starts_something_is_heard_soon_and_all_else_a_little_later(watch: Watch) -> None:
    def delay_of(event_type: str, version: int, status: Any, **metadata: Any) -> float:
        watch.wakes.job(event_type, an_object("digits-1", version, status=status, labels=LABELS, **metadata))
        return watch.woken.delay

    assert delay_of("ADDED", 7, {}) == SOON_SECONDS
    assert delay_of("MODIFIED", 8, {"active": 1}) == LATER_SECONDS
    assert delay_of("MODIFIED", 9, {"active": 1, "ready": 1}) == LATER_SECONDS
    assert delay_of("MODIFIED", 10, conditions(SuccessCriteriaMet="True")) == LATER_SECONDS
    assert delay_of("MODIFIED", 11, conditions(Complete="True")) == SOON_SECONDS
    assert (
        delay_of("MODIFIED", 12, conditions(Complete="True"), deletionTimestamp="2026-01-31T12:00:00Z") == SOON_SECONDS
    )
    assert delay_of("DELETED", 13, conditions(Complete="True")) == SOON_SECONDS
    watch.wakes.pod("ADDED", an_object("digits-1-x", 7, labels=LABELS))
    assert watch.woken.delay == LATER_SECONDS


def test_a_list_after_a_broken_watch_lets_everything_be_read_anew(watch: Watch) -> None:
    watch.wakes.study(None, an_object("digits"))
    assert watch.woken.take() == {RELIST: False}
