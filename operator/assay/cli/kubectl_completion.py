"""kubectl_complete-assay: what kubectl asks when a shell completes `kubectl assay …`.

kubectl gives it all that stands behind `assay`, the word that is being typed last. It reads a candidate a line, and
from a last line what the shell is to do then (cobra's directives).
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
    """Print the candidates; where there are none, the shell completes the names of files."""
    found = candidates(sys.argv[1:] or [""])
    sys.stdout.write("\n".join([*found, _NOTHING_ELSE if found else _FILES_TOO, ""]))


def candidates(words: list[str]) -> list[str]:
    """What the last word may become. What goes wrong goes unsaid: it would be taken for a candidate."""
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
