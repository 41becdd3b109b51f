"""The state behind the operator's queue."""

from __future__ import annotations

from assay.controller.queue.schedule import LAST_RETRY_SECONDS, LATELY_SECONDS, Key, Schedule

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


def study_key(namespace: str, name: str = "a") -> Key:
    return Key("study", namespace, name)


def taken(schedule: Schedule, now: float) -> list[str]:
    """The namespaces of all keys that can be taken now."""
    return [key.namespace for key in iter(lambda: schedule.take(now), None)]


def test_a_namespace_with_very_many_studies_is_served_no_more_than_another() -> None:
    schedule = Schedule(lambda: 1.0, threads=4)
    for number in range(100):
        schedule.add(study_key("many", str(number)), 0.0)
    for number in range(3):
        schedule.add(study_key("few", str(number)), 1.0)
    assert taken(schedule, 2.0)[:4] == ["many", "few", "many", "few"]


def test_some_threads_are_kept_for_other_namespaces() -> None:
    schedule = Schedule(lambda: 1.0, threads=4)
    for number in range(100):
        schedule.add(study_key("many", str(number)), 0.0)
    assert taken(schedule, 1.0) == ["many"] * 3
    assert schedule.next_at() is None
    schedule.add(study_key("few"), 2.0)
    assert schedule.next_at() == 2.0
    assert taken(schedule, 2.0) == ["few"]


def test_whoever_had_less_of_the_threads_lately_comes_first() -> None:
    schedule = Schedule(lambda: 1.0, threads=4)
    for name, seconds in (("greedy", 1.5), ("modest", 0.5)):
        schedule.add(study_key(name), 0.0)
        schedule.take(0.0)
        schedule.succeeded(study_key(name), seconds, rest=0.0, again_in=None)
    schedule.add(study_key("greedy", "b"), 2.0)
    schedule.add(study_key("modest", "b"), 3.0)
    schedule.add(study_key("new", "b"), 4.0)
    assert taken(schedule, 5.0) == ["new", "modest", "greedy"]


def test_what_was_used_long_ago_counts_no_more() -> None:
    schedule = Schedule(lambda: 1.0, threads=4)
    schedule.add(study_key("once greedy"), 0.0)
    schedule.take(0.0)
    schedule.succeeded(study_key("once greedy"), 1.9, rest=0.0, again_in=None)
    later = 20 * LATELY_SECONDS
    schedule.add(study_key("modest"), later)
    schedule.take(later)
    schedule.succeeded(study_key("modest"), later + 0.1, rest=0.0, again_in=None)
    for name in ("modest", "once greedy"):
        schedule.add(study_key(name), later + 1)
    assert taken(schedule, later + 2) == ["once greedy", "modest"]


def test_what_is_slow_never_has_all_threads_whoever_it_belongs_to() -> None:
    schedule = Schedule(lambda: 1.0, threads=4)
    slow = [study_key(f"slow-{number}") for number in range(4)]
    for key in slow:
        schedule.add(key, 0.0)
    assert len(taken(schedule, 0.0)) == 4
    for key in slow:
        schedule.succeeded(key, 10.0, rest=0.0, again_in=0.0)
    assert len(taken(schedule, 11.0)) == 2
    assert schedule.next_at() is None
    schedule.add(study_key("quick"), 11.0)
    assert taken(schedule, 12.0) == ["quick"]
    assert schedule.due(12.0) == 2


def test_what_was_slow_once_is_not_slow_for_ever() -> None:
    schedule = Schedule(lambda: 1.0, threads=2)
    keys = [study_key("team"), study_key("other")]
    for now, took in ((0.0, 10.0), (20.0, 1.0)):
        for key in keys:
            schedule.add(key, now)
            assert schedule.take(now) == key
            schedule.succeeded(key, now + took, rest=0.0, again_in=None)
    for key in keys:
        schedule.add(key, 40.0)
    assert len(taken(schedule, 40.0)) == 2


def test_a_study_does_not_wait_for_thousands_of_hypotheses() -> None:
    schedule = Schedule(lambda: 1.0, threads=4)
    for number in range(100):
        schedule.add(Key("hypothesis", "team", str(number)), 0.0)
    schedule.add(A, 1.0)
    assert schedule.take(2.0) == A
    assert schedule.take(2.0) == Key("hypothesis", "team", "0")
