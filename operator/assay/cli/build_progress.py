"""How far a build is: a bar on a terminal, a line every half minute elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay_trainer.shards import BuildProgress

_LINE_SECONDS = 30.0
_WORDS = {"looking": "Looking at files", "writing": "Decoding and writing"}


@contextmanager
def shown_progress() -> Iterator[Callable[[BuildProgress], None]]:
    """Give a function that shows on stderr how far a build is."""
    if not sys.stderr.isatty():
        yield _Lines(time.monotonic())
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[aside]}"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {stage: bar.add_task(words, total=None, visible=False, aside="") for stage, words in _WORDS.items()}
        begun: dict[str, float] = {}

        def show(told: BuildProgress) -> None:
            first = begun.setdefault(told.stage.value, time.monotonic())
            aside = _aside(told, time.monotonic() - first)
            bar.update(tasks[told.stage.value], completed=told.done, total=told.of, visible=True, aside=aside)

        yield show


class _Lines:
    """Writes a line now and then, for logs."""

    def __init__(self, begun: float) -> None:
        self._said = begun
        self._begun: dict[str, float] = {}

    def __call__(self, told: BuildProgress) -> None:
        now = time.monotonic()
        first = self._begun.setdefault(told.stage.value, now)
        if now - self._said >= _LINE_SECONDS:
            self._said = now
            typer.echo(progress_line(told, now - first), err=True)


def progress_line(told: BuildProgress, seconds: float) -> str:
    """Return how far a build is, `seconds` after its stage began, as a line."""
    parts = [f"{_WORDS[told.stage.value]}: {told.done:,} of {told.of:,}"]
    if aside := _aside(told, seconds):
        parts.append(aside)
    new = told.done - told.resumed
    if new > 0 and seconds > 0 and told.done < told.of:
        left = (told.of - told.done) * seconds / new
        parts.append(f"about {left / 60:.0f} min left" if left >= 90 else f"about {left:.0f} s left")
    return ", ".join(parts)


def _aside(told: BuildProgress, seconds: float) -> str:
    parts = []
    if told.bytes:
        rate = f" ({told.bytes / 2**20 / seconds:.1f} MiB/s)" if seconds >= 1 else ""
        parts.append(f"{told.bytes / 2**20:,.0f} MiB written{rate}")
    if told.resumed:
        parts.append(f"{told.resumed:,} decoded before")
    return ", ".join(parts)
