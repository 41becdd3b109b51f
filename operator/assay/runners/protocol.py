"""The one interface to whatever runs trials; its conformance suite is tests/runners/conformance.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

from assay.planning.records.records import Obstacle
from assay.planning.study.programs import Program, Surroundings
from assay_trainer.contract import CodeIngredients, TerminationMessage, WorkRequest


class UnusableProgram(ValueError):
    """An entry point that can't be imported, or is no function; or an image that can't be run.

    `field` is the field of the trainer's spec that is wrong.
    """

    def __init__(self, field: str, given: str, why: str, allowed: str = "module:function that can be imported") -> None:
        super().__init__(why)
        self.field = field
        self.given = given
        self.why = why
        self.allowed = allowed


class RunnerFailed(Exception):
    """The runner itself can't go on; what it has started has ended, or ends with `close`."""


@dataclass(frozen=True)
class ObservedAttempt:
    """What a runner knows of one attempt that it started. Times are in Unix seconds.

    An attempt is Running from `start` on, also while it waits for its turn: then it has not `begun`.
    `accelerator_seconds` is what it took so far, or in all: an estimate until it has ended. An attempt that has Ended
    has a termination, unless the worker left none.
    """

    key: str
    attempt: int
    phase: Literal["Running", "Ended"]
    started_at: float
    ended_at: float | None
    accelerator_seconds: float
    termination: TerminationMessage | None
    begun: bool = True


class Runner(Protocol):
    """Runs the items of work requests, each in a process of its own, and puts their results into the store.

    The store is the truth: a result that is there counts, whatever an attempt's termination says. A failure may or may
    not be there yet: the caller that observes it records it. For use by one thread. Every method but `close` may raise
    RunnerFailed.
    """

    def slots(self) -> int:
        """Return how many items it can run at a time, at least 1."""
        ...

    def idle_slots_are_free(self) -> bool:
        """Return whether a slot that is not used is of no use to anybody else, as on one machine."""
        ...

    def packing(self) -> int:
        """Return how many items a request should have at most."""
        ...

    def code_digest(self, program: Program) -> str:
        """Return the digest of the code that a program runs, as it is now. Raises UnusableProgram."""
        ...

    def surroundings(self, program: Program) -> Surroundings:
        """Return the digests of a program's inputs and the values of its digested variables, as they are now.

        Raises UnusableProgram.
        """
        ...

    def ingredients(self, code: str) -> CodeIngredients | None:
        """Return what a digest that `code_digest` returned was made of, None where nobody can say."""
        ...

    def observe(self) -> Sequence[ObservedAttempt]:
        """Return all attempts that were started and not forgotten, in the order in which they were started."""
        ...

    def elsewhere(self) -> Collection[str]:
        """Return the keys that others run now, or are about to, and whose results this study will see."""
        ...

    def claim(self, keys: Collection[str]) -> Collection[str]:
        """Claim keys until the next call; return those that this study may start because nobody else runs them."""
        ...

    def room_for(self, requests: int) -> int:
        """Return how many of all the further requests that are wanted may be started now.

        The others are not started later by themselves: a study that asks again gets its turn.
        """
        ...

    def start(self, request: WorkRequest, request_uri: str) -> None:
        """Run the items of a request, which is in the store under that URI.

        An attempt that was started before and not forgotten is not started again. Items for which there is no slot
        wait. Raises ValueError if an item asks for more devices than there are.
        """
        ...

    def start_all(self, requests: Sequence[tuple[WorkRequest, str]]) -> bool:
        """Start several requests with their URIs, at a time where that is faster.

        Return whether there is room for more: False if something had to be put off.
        """
        ...

    def stop(self, key: str) -> None:
        """End the attempt under a key, which is then observed as Ended and Stopped. Nothing happens if none runs."""
        ...

    def is_gone(self, key: str, attempt: int, started_at: float) -> bool:
        """Return whether nothing is left of an attempt that was started at that Unix time and is not observed."""
        ...

    def forget(self, key: str, attempt: int) -> None:
        """Stop observing an ended attempt. Nothing happens if it is not there, or still runs."""
        ...

    def obstacles(self) -> Sequence[Obstacle]:
        """Return what keeps started work from running, the most important first."""
        ...

    def wait(self, timeout: float | None) -> None:
        """Wait until an attempt has ended that was not observed as Ended yet, or for `timeout` seconds.

        Returns at once if there is no timeout and nothing runs.
        """
        ...

    def close(self) -> None:
        """Stop everything: then nothing runs any more that it started, and it starts nothing. May be repeated."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...
