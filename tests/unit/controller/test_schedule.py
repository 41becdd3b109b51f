"""The state behind the operator's queue."""

from __future__ import annotations

from assay.controller.schedule import LAST_RETRY_SECONDS, Key, Schedule

A, B = Key("study", "team", "a"), Key("study", "team", "b")


def a_schedule() -> Schedule:
    """Without jitter: pauses are as long as they get."""
    return Schedule(lambda: 1.0)


def test_keys_are_taken_in_the_order_in_which_they_are_due() -> None:
    schedule = a_schedule()
    schedule.add(A, 2.0)
    schedule.add(B, 1.0)
    assert (schedule.next_at(), schedule.take(0.5)) == (1.0, None)
    assert [schedule.take(3.0), schedule.take(3.0), schedule.take(3.0)] == [B, A, None]


def test_a_key_asked_for_many_times_is_worked_on_once_at_the_earliest_time() -> None:
    schedule = a_schedule()
    for at in (5.0, 1.0, 3.0):
        schedule.add(A, at)
    assert schedule.take(1.0) == A
    schedule.succeeded(A, 2.0, rest=0.0, again_in=None)
    assert schedule.next_at() is None


def test_a_key_is_worked_on_by_one_at_a_time_and_again_if_it_was_asked_for_meanwhile() -> None:
    schedule = a_schedule()
    schedule.add(A, 0.0)
    assert schedule.take(0.0) == A
    schedule.add(A, 1.0)
    assert schedule.take(2.0) is None
    schedule.succeeded(A, 3.0, rest=0.5, again_in=None)
    assert (schedule.take(3.4), schedule.take(3.5)) == (None, A)


def test_a_failure_is_tried_again_after_a_pause_that_doubles_up_to_a_limit() -> None:
    schedule = a_schedule()
    schedule.add(A, 0.0)
    now, pauses = 0.0, []
    for _ in range(9):
        assert schedule.take(now) == A
        pauses.append(schedule.failed(A, now))
        now += pauses[-1]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, *[LAST_RETRY_SECONDS] * 4]
    assert schedule.take(now) == A
    schedule.succeeded(A, now, rest=0.0, again_in=0.0)
    assert schedule.take(now) == A
    assert schedule.failed(A, now) == 1.0


def test_jitter_shortens_a_pause_by_up_to_half() -> None:
    schedule = Schedule(lambda: 0.0)
    schedule.add(A, 0.0)
    schedule.take(0.0)
    assert schedule.failed(A, 0.0) == 0.5


def test_events_do_not_shorten_the_pause_after_a_failure_but_a_change_of_the_spec_does() -> None:
    schedule = a_schedule()
    schedule.add(A, 0.0)
    schedule.take(0.0)
    schedule.failed(A, 0.0)
    schedule.add(A, 0.1)
    assert schedule.next_at() == 1.0
    schedule.add(A, 0.1, eager=True)
    assert schedule.take(0.1) == A


def test_a_change_of_the_spec_during_work_that_fails_is_looked_at_at_once() -> None:
    schedule = a_schedule()
    schedule.add(A, 0.0)
    schedule.take(0.0)
    schedule.add(A, 0.1, eager=True)
    schedule.failed(A, 5.0)
    assert schedule.take(5.0) == A


def test_only_keys_that_wait_for_a_thread_count_as_due() -> None:
    schedule = a_schedule()
    schedule.add(A, 0.0)
    schedule.add(B, 0.0)
    schedule.add(Key("hypothesis", "team", "a"), 9.0)
    schedule.take(0.0)
    assert schedule.due(1.0) == 1
