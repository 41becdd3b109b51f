"""Starts the processes of a trial, watches them, and ends them together."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial

from pydantic import ValidationError

from assay_trainer.processes.children import Child, Children, Exit, Limits, begin_to_record
from assay_trainer.ranks.agreed import Agreement
from assay_trainer.ranks.ended import RankEnd, RankFailed, cause_of
from assay_trainer.ranks.loaded import LoadedOnce
from assay_trainer.ranks.place import Place

SETTLE_SECONDS = 2.0
"""The time that the others have to end once one has failed, or rank 0 has ended well. The first failure that is seen
need not be the cause, so all are to say why they failed."""

_LOOK_SECONDS = 0.25

Rank = Callable[[Place], RankFailed | None]
"""What each process does; it returns its last words if it failed."""


def launch(world_size: int, rank: Rank) -> RankEnd | None:
    """Run `rank` in so many processes, and return the end by which all failed; None: rank 0 has ended well.

    They belong to the session of this process, whose end ends them, too. Raises OSError if there is no room for them.
    """
    told = list[int]()
    with (
        _reserved_port() as port,
        closing(Agreement(world_size)) as agreement,
        closing(LoadedOnce()) as training,
        closing(LoadedOnce()) as held_out,
    ):
        children = Children(own_sessions=False)
        places = [Place(number, world_size, port, agreement, training, held_out) for number in range(world_size)]
        ranks = [children.fork(partial(_be_rank, rank, place), Limits()) for place in places]
        running = {child.pid: number for number, child in enumerate(ranks)}
        signal.signal(signal.SIGTERM, lambda *_: _tell_to_end(running, told))
        cause = cause_of(_watched(children, ranks, running))
    return cause._replace(told=True) if cause is not None and told else cause


def _tell_to_end(running: Iterable[int], told: list[int]) -> None:
    """Pass SIGTERM on: the ranks end as a trial's one process would, together. Those are added to `told`."""
    told.extend(running)
    for pid in tuple(running):
        os.kill(pid, signal.SIGTERM)  # it is not reaped yet, so the number is its own


def _be_rank(rank: Rank, place: Place) -> bytes:
    place.enter()
    failed = rank(place)
    return b"" if failed is None else failed.model_dump_json().encode()


@contextmanager
def _reserved_port() -> Iterator[int]:
    """Yield a free port. It is bound as long as the ranks run, so that no other program is given it; rank 0 can listen
    there all the same, since both allow it (SO_REUSEADDR) and only one of them listens."""
    with closing(socket.socket()) as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def _watched(children: Children, ranks: Sequence[Child], running: dict[int, int]) -> list[RankEnd]:
    """Wait until all ranks have ended, and return how; nothing if rank 0 ended well. Those that had to be ended are not
    among them. `running` has the number of each by process id; those that have ended are removed."""
    exits = {child.pid: os.pidfd_open(child.pid) for child in ranks}
    first, ends, until = ranks[0], list[RankEnd](), None
    while running:
        select.select([exits[pid] for pid in running], [], [], _LOOK_SECONDS)
        if first.records[0]:
            begin_to_record()  # whoever watches this process gives it the time that rank 0 needs
        for ended in children.poll():
            number = running.pop(ended.pid)
            if ended.killed_for == "stopped" and ended.status == -signal.SIGKILL:
                continue
            end = _end_of(number, ended)
            ends.append(end)
            if until is None and (end.failed or number == 0) and not end.stopped:
                until = time.monotonic() + SETTLE_SECONDS
        if until is not None and time.monotonic() >= until:
            for child in ranks:
                if child is not first or not first.records[0]:  # what rank 0 writes down was paid for
                    children.kill(child, "stopped")
    for descriptor in exits.values():
        os.close(descriptor)
    succeeded = any(end.rank == 0 and not end.failed for end in ends)
    return [] if succeeded else ends


def _end_of(number: int, ended: Exit) -> RankEnd:
    said = None
    with suppress(ValidationError):
        said = RankFailed.model_validate_json(ended.output)
    if said is not None or (ended.status == 0 and not ended.output):
        return RankEnd(number, said)
    return RankEnd(number, None, f"{ended.how} without a word{ended.hint}", out_of_memory=ended.killed_for == "memory")
