"""kubectl_complete-assay: the program that kubectl asks when a shell completes `kubectl assay …`.

kubectl passes all words behind `assay`; the last one is still being typed. It reads one candidate per line, and from
the last line what the shell is to do with them (cobra's directives).
"""

from __future__ import annotations

import io
import os
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress

_FILES_TOO = ":0"
_NOTHING_ELSE = ":4"


def main() -> None:
    """Print the candidates; where there are none, the shell completes file names."""
    found = candidates(sys.argv[1:] or [""])
    sys.stdout.write("\n".join([*found, _NOTHING_ELSE if found else _FILES_TOO, ""]))


def candidates(words: list[str]) -> list[str]:
    """Return what the last word may become. Errors are not printed, since they would be taken for candidates."""
    from assay.cli.program import app

    os.environ |= {
        "_ASSAY_COMPLETE": "complete_bash",
        "COMP_WORDS": shlex.join(["assay", *words]),
        "COMP_CWORD": str(len(words)),
    }
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(io.StringIO()), suppress(Exception, SystemExit):
        app(prog_name="assay")
    return [line for line in output.getvalue().splitlines() if line]
