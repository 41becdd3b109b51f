"""A warning about environment variables that are set, but hidden from the train function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from assay.reporting.figures import listed

if TYPE_CHECKING:
    from assay.runners.processes import ProcessRunner


def say_missed_variables(runner: ProcessRunner) -> None:
    """Name the variables that are set and occur in the entry point's code, but are not listed in the study."""
    missed = runner.missed_variables
    if not missed:
        return
    one = len(missed) == 1
    typer.echo(
        f"{listed(list(missed), 5)} {'is' if one else 'are'} set, but the train function does not see "
        f"{'it' if one else 'them'}: list {'it' if one else 'them'} in spec.trainer.environment, as digested if "
        f"results depend on {'it' if one else 'them'}, else as passed.",
        err=True,
    )
