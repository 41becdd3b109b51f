"""The command line in this process."""

from __future__ import annotations

import io
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from assay.cli.main import main


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: object
    output: str
    errors: str


def replay(table: str, *arguments: str, file: Path) -> Ended:
    """Run `assay replay` with the manifests of that file or folder."""
    return assay("replay", table, "-f", str(file), *arguments)


def assay(*arguments: str) -> Ended:
    """Run a command of `assay`."""
    output, errors = io.StringIO(), io.StringIO()
    arguments_before, handler_before = sys.argv, signal.getsignal(signal.SIGTERM)
    sys.argv = ["assay", *arguments]
    try:
        with redirect_stdout(output), redirect_stderr(errors), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = arguments_before
        signal.signal(signal.SIGTERM, handler_before)
    return Ended(ended.value.code, output.getvalue(), errors.getvalue())
