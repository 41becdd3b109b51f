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
    `accelerator_seconds` is what it took so far, or in all: an estimate until it has ended. An Ended one has a
    termination, unless the worker left none.
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
    """Runs the items of work requests, each in a process of its own, and puts what comes of them into the store.

    The store is the truth: a result that is there counts, whatever an attempt's termination says. A failure may
    be there already, or not: whoever observes it records it. For use by one thread. Every method but `close`
    raises RunnerFailed.
    """

    def slots(self) -> int:
        """How many items it can run at a time, at least 1."""
        ...

    def idle_slots_are_free(self) -> bool:
        """Whether a slot that nothing is asked of is of no use to anybody else, as those of one machine are."""
        ...

    def packing(self) -> int:
        """How many items a request should have at most."""
        ...

    def code_digest(self, program: Program) -> str:
        """Digest of the code that a program runs, as it is now. Raises UnusableProgram."""
        ...

    def surroundings(self, program: Program) -> Surroundings:
        """What a program's inputs hold and the values of its digested variables, as they are now. Raises
        UnusableProgram."""
        ...

    def ingredients(self, code: str) -> CodeIngredients | None:
        """What a digest of code was made of that `code_digest` has given; None where nobody can say."""
        ...

    def observe(self) -> Sequence[ObservedAttempt]:
        """All attempts that were started and not forgotten, in the order in which they were started."""
        ...

    def elsewhere(self) -> Collection[str]:
        """Keys of what others run now, or are about to, whose results this study will see."""
        ...

    def claim(self, keys: Collection[str]) -> Collection[str]:
        """Those of the keys that are this study's to start, since nobody else runs them: until the next claim."""
        ...

    def room_for(self, requests: int) -> int:
        """How many of so many further requests may be started now, all that are wanted: none is started later by
        itself, but who asks again has its turn."""
        ...

    def start(self, request: WorkRequest, request_uri: str) -> None:
        """Run the items of a request, which is in the store under that URI.

        An attempt that was started before, and not forgotten, is not started again. More items than there are
        slots wait. Raises ValueError if an item asks for more devices than there are.
        """
        ...

    def start_all(self, requests: Sequence[tuple[WorkRequest, str]]) -> bool:
        """As `start`, of several requests with their URIs: sooner than one after another, where that makes sense.

        Whether there is room for more: False if something had to be put off.
        """
        ...

    def stop(self, key: str) -> None:
        """End the attempt under a key, which is then observed as Ended, Stopped. Nothing happens if none runs."""
        ...

    def is_gone(self, key: str, attempt: int, started_at: float) -> bool:
        """Whether nothing lives any more of an attempt that was started, at that Unix time, and is not observed."""
        ...

    def forget(self, key: str, attempt: int) -> None:
        """Observe an ended attempt no more. Nothing happens if it is not there, or still runs."""
        ...

    def obstacles(self) -> Sequence[Obstacle]:
        """What keeps started work from running, the most important first."""
        ...

    def wait(self, timeout: float | None) -> None:
        """Return when an attempt has ended that was not observed as Ended yet, or after `timeout` seconds.

        Returns at once if there is no timeout and nothing runs.
        """
        ...

    def close(self) -> None:
        """Stop everything. On return nothing runs any more that it started, and it starts nothing. May be repeated."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...
