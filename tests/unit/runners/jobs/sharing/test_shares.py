"""Room for Jobs, shared between the studies that ask for it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from assay.runners.jobs.sharing.shares import FORGOTTEN_SECONDS, Owner, Shares, Shortage

A, B, C = Owner("vision", "a"), Owner("vision", "b"), Owner("speech", "c")
NAMES = {A: "first", B: "second", C: "third"}


class Jobs:
    """The Jobs that there are, and studies that make as many as they may."""

    def __init__(self, most: int | None) -> None:
        self.shares = Shares(most)
        self.living: Counter[Owner] = Counter()
        self.now = 1000.0

    def ask(self, owner: Owner, wanted: int) -> Shortage | None:
        """A round of a study."""
        self.now += 1
        self.shares.keep(owner, 0)
        granted, shortage = self.shares.take(owner, NAMES[owner], wanted, lambda: self.living, self.now)
        self.living[owner] += granted
        self.shares.made(owner, granted)
        return shortage

    def next_in_turn(self) -> list[str]:
        return [name for _, name in self.shares.next_in_turn(lambda: self.living, self.now)]


def test_without_a_limit_there_is_room_for_all() -> None:
    jobs = Jobs(None)
    assert jobs.ask(A, 10_000) is None
    assert not jobs.shares.is_waited_for()


def test_who_comes_first_has_all_until_another_wants_some() -> None:
    jobs = Jobs(4)
    assert jobs.ask(A, 9) == Shortage(waiting=5, most=4, of_study=4, of_namespace=4, of_all=4)
    assert jobs.ask(C, 3) == Shortage(waiting=3, most=4, of_study=0, of_namespace=0, of_all=4)
    assert jobs.next_in_turn() == []
    for want in (1, 2):
        jobs.living[A] -= 1
        assert jobs.next_in_turn() == ["third"]
        jobs.ask(A, 5)  # it looks first, and leaves the room to who holds less
        jobs.ask(C, 3)
        assert jobs.living[C] == want
    jobs.living[A] -= 1
    jobs.ask(C, 1)
    assert jobs.living == {A: 1, C: 2}  # now it is the other one's turn
    jobs.ask(A, 5)
    assert jobs.living == {A: 2, C: 2}


def test_two_that_ask_at_once_do_not_count_on_the_same_room() -> None:
    jobs = Jobs(4)
    jobs.shares.take(A, "first", 3, lambda: jobs.living, 1)  # not made yet
    granted, shortage = jobs.shares.take(C, "third", 3, lambda: jobs.living, 1)
    assert (granted, shortage) == (1, Shortage(waiting=2, most=4, of_study=1, of_namespace=1, of_all=4))


def test_what_could_not_be_made_is_kept_for_its_study_until_it_leaves() -> None:
    jobs = Jobs(4)
    jobs.shares.take(A, "first", 4, lambda: jobs.living, 1)
    jobs.shares.made(A, 1)
    jobs.living[A] = 1
    assert jobs.ask(C, 1) is not None
    jobs.shares.leave(A)
    assert jobs.ask(C, 1) is None


def test_who_does_not_ask_again_keeps_nobody_from_going_on() -> None:
    jobs = Jobs(2)
    jobs.ask(A, 9)
    jobs.ask(C, 9)
    jobs.living[A] -= 1
    jobs.ask(A, 9)
    assert jobs.living[A] == 1  # it is C's turn, who does not come
    jobs.now += FORGOTTEN_SECONDS + 1
    jobs.ask(A, 9)
    assert +jobs.living == {A: 2}


@given(st.integers(1, 8), st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(-4, 6)), max_size=60))
def test_never_more_live_than_the_limit_and_all_have_their_turn(most: int, happenings: list[tuple[Owner, int]]) -> None:
    """In each event a study asks for so many Jobs, or so many of its Jobs end."""
    jobs = Jobs(most)
    for owner, count in happenings:
        if count < 0:
            jobs.living[owner] = max(0, jobs.living[owner] + count)
        else:
            jobs.ask(owner, count)
        assert sum(jobs.living.values()) <= most
    served: Counter[Owner] = Counter()
    for turn in range(6 * len(NAMES)):  # one Job ends at a time, and everybody wants more
        ended = next((owner for owner in list(NAMES)[turn % 3 :] + list(NAMES) if jobs.living[owner]), None)
        if ended is not None:
            jobs.living[ended] -= 1
        for owner in NAMES:
            before = jobs.living[owner]
            jobs.ask(owner, 50)
            served[owner] += jobs.living[owner] > before
        while names := jobs.next_in_turn():
            for owner in (owner for owner, name in NAMES.items() if name in names):
                jobs.ask(owner, 50)
                served[owner] += 1
        assert sum(jobs.living.values()) == most
    assert all(served[owner] or jobs.living[owner] for owner in NAMES)
