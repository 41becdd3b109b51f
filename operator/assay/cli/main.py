"""The start of the program."""

from __future__ import annotations

import signal
import sys
from io import TextIOWrapper
from types import FrameType

from assay.cli.exits import INTERRUPTED


def main() -> None:
    """Run the program. Ctrl-C and SIGTERM end it with code 130, also while it is still being imported."""
    signal.signal(signal.SIGTERM, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character must not end a long run
    try:
        from assay.cli.program import run_program  # takes a third of a second

        run_program()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
