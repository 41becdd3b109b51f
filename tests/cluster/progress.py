"""What is said while something takes minutes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO


class Progress:
    """How far something is: on a terminal one line, rewritten; elsewhere (a log) a new line every so often.

    To be used in a `with` block, at whose end the line is complete.
    """

    def __init__(
        self, stream: TextIO | None = None, every_seconds: float = 20.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`every_seconds` is how often a log gets a line; a stream that is not given is stderr."""
        self._stream = stream or sys.stderr
        self._every = every_seconds
        self._clock = clock
        self._start = clock()
        self._next = self._start
        self._is_open = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_line()

    def say(self, text: str) -> None:
        """Write a text that stays, in lines of its own."""
        self._end_line()
        self._write(f"{text}\n")

    def show(self, text: str) -> None:
        """Write where it is now, in a line, and since when."""
        now = self._clock()
        minutes, seconds = divmod(int(now - self._start), 60)
        line = f"  {minutes}:{seconds:02} {text}"
        if self._stream.isatty():
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r{line[:width]:{width}}")
            self._is_open = True
        elif now >= self._next:
            self._next = now + self._every
            self._write(f"{line}\n")

    def _end_line(self) -> None:
        if self._is_open:
            self._write("\n")
            self._is_open = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Ended(NamedTuple):
    """How a command ended, and the last lines that it wrote."""

    code: int
    last_lines: list[str]


def followed(
    command: Sequence[str | Path],
    seen: Callable[[str], None],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command, and give each line that it writes to `seen` at once."""
    last: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last.append(line.rstrip())
            seen(line.rstrip())
    return Ended(process.returncode, list(last))
