"""The threads behind the queue."""

from __future__ import annotations

from queue import Queue
from threading import Event

from assay.controller.queue.schedule import Key
from assay.controller.queue.workers import TryAgain, Workers

A, B = Key("study", "team", "a"), Key("study", "team", "b")
SOON = 5.0


def test_keys_are_worked_on_side_by_side_but_never_one_of_them_twice_at_a_time() -> None:
    taken: Queue[Key] = Queue()
    go_on = Event()

    def work(key: Key) -> None:
        taken.put(key)
        assert go_on.wait(SOON)

    workers = Workers(work, count=3)
    workers.start()
    for key in (A, B, A):
        workers.wake(key, delay=0)
    assert {taken.get(timeout=SOON), taken.get(timeout=SOON)} == {A, B}
    workers.wake(A, delay=0)
    assert (taken.empty(), workers.waiting(), workers.longest() > 0) == (True, 0, True)
    go_on.set()
    assert taken.get(timeout=SOON) == A
    assert workers.stop(SOON)


def test_what_fails_is_tried_again_and_other_keys_go_on() -> None:
    ended: Queue[tuple[Key, bool]] = Queue()
    tries: list[Key] = []

    def work(key: Key) -> None:
        tries.append(key)
        if key == A and tries.count(A) == 1:
            raise TryAgain("the store does not answer")
        if key == A and tries.count(A) == 2:
            raise RuntimeError("a fault")

    workers = Workers(work, count=1, done=lambda key, _, succeeded: ended.put((key, succeeded)), jitter=lambda: 0.0)
    workers.start()
    workers.wake(A, delay=0)
    assert ended.get(timeout=SOON) == (A, False)
    workers.wake(B, delay=0)
    assert ended.get(timeout=SOON) == (B, True)
    workers.wake(A, delay=0, eager=True)
    assert ended.get(timeout=SOON) == (A, False)
    workers.wake(A, delay=0, eager=True)
    assert ended.get(timeout=SOON) == (A, True)
    assert workers.alive()
    assert workers.stop(SOON)


def test_a_stop_waits_for_what_goes_on_and_begins_nothing_more() -> None:
    begun, go_on = Event(), Event()
    done: list[Key] = []

    def work(key: Key) -> None:
        begun.set()
        assert go_on.wait(SOON)
        done.append(key)

    workers = Workers(work, count=1)
    workers.start()
    workers.wake(A, delay=0)
    workers.wake(B, delay=0)
    assert begun.wait(SOON)
    assert not workers.stop(0.0)
    go_on.set()
    assert workers.stop(SOON)
    assert done == [A]
