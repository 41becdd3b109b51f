"""The display of a study that runs: a live block on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

import typer
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from assay.reporting.answers import stale_answer
from assay.reporting.progress import progress, progress_line

if TYPE_CHECKING:
    from assay.planning.study.study import Study
    from assay.rounds.reconcile import Round

SECONDS_BETWEEN_LINES = 10.0


class Screen:
    """A context manager that shows progress on standard error and prints results on standard output."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._output = Console()
        self._progress = Console(stderr=True, quiet=quiet)
        self._latest: tuple[Study, Round, float] | None = None
        self._beginning = ""
        self._last_line = 0.0
        self._live = Live(
            console=self._progress,
            get_renderable=self._block,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def begin(self, name: str) -> None:
        """Say that a study begins, before there is progress to show; on a terminal alone."""
        self._beginning = f"{name}: importing what the trials need, once for all of them"
        if self._progress.is_terminal and not self._progress.quiet:
            self._live.start()

    def show(self, study: Study, latest: Round, started: float) -> None:
        """Show a round; `started` is the Unix time at which the run began. The first call also says what no longer
        counts."""
        if self._latest is None and (stale := stale_answer(latest.plan.status)):
            self.say(f"{stale} They are kept, and count again once what made them is back.")
        self._latest = (study, latest, started)
        if self._progress.is_terminal and not self._progress.quiet:
            self._live.start()
            return
        now = time.monotonic()
        if latest.plan.finished or now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._progress.print(
                progress_line(study, latest.plan, time.time() - started, latest.records), soft_wrap=True
            )

    def say(self, text: str) -> None:
        """Print a message to standard error, even if progress is not shown."""
        self._live.stop()
        typer.echo(text, err=True)

    def print(self, what: RenderableType) -> None:
        """Print a result, below the place where progress was shown."""
        self._live.stop()
        self._output.print(what, soft_wrap=isinstance(what, str))

    def _block(self) -> RenderableType:
        if self._latest is None:
            return Text(self._beginning, style="dim", no_wrap=True, overflow="ellipsis")
        study, latest, started = self._latest
        return progress(study, latest.plan, time.time() - started, latest.records)
