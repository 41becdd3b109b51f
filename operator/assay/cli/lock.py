"""A lock that lets one `assay run` at a time work on a study in a store on this machine."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import typer

from assay.runners.protocol import RunnerFailed
from assay_trainer.objects import StoreError

STRAGGLERS_SECONDS = 30.0
"""The time that the workers of a killed run have to end, which they do as soon as they notice."""


@contextmanager
def locked(store_uri: str, study: str) -> Iterator[int | None]:
    """Hold a study's lock; yields a descriptor for the workers to inherit. Raises RunnerFailed if another run has the
    lock, StoreError if the store can't be written.

    The run itself holds a record lock (fcntl(2)), which ends with its process; every process that inherits the
    descriptor holds the file's lock (flock(2)). So a run that starts right after another was killed waits until the
    last worker of that one has gone. A store that is not on this machine has no lock: if two runs do the same trial
    there, the first result counts.
    """
    parts = urlsplit(store_uri)
    if parts.scheme != "file":
        yield None
        return
    path = Path(unquote(parts.path), f".running-{study}")  # a name that begins with a dot is no object's
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"{store_uri}: {error.strerror}") from error
    try:
        if not _taken(fcntl.lockf, descriptor):
            owner = os.pread(descriptor, 20, 0).decode()
            raise RunnerFailed(f"study {study} in {store_uri} is being run already, by process {owner}")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        _outwait_workers(descriptor, f"an earlier run of study {study} in {store_uri}")
        yield descriptor
    finally:
        os.close(descriptor)


def _outwait_workers(descriptor: int, of: str) -> None:
    until = None
    while not _taken(fcntl.flock, descriptor):
        if until is None:
            until = time.monotonic() + STRAGGLERS_SECONDS
            typer.echo(f"Waiting for the workers of {of} to end.", err=True)
        elif time.monotonic() > until:
            raise RunnerFailed(f"the workers of {of} do not end")
        time.sleep(0.05)


def _taken(lock: Callable[[int, int], None], descriptor: int) -> bool:
    try:
        lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
