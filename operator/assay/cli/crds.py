"""assay crds: the custom resource definitions, written or compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.api.crds import drifted_crds, write_crds
from assay.cli.exits import FAILED


def crds(
    folder: Annotated[Path, typer.Option("--folder", help="Where they are.")] = Path("crds"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a file differs.")] = False,
) -> None:
    """Write the custom resource definitions that the models say."""
    if not check:
        for path in write_crds(folder):
            typer.echo(path)
        return
    if drifted := drifted_crds(folder):
        for path in drifted:
            typer.echo(f"{path} is not what the models say; run `assay crds`", err=True)
        raise typer.Exit(FAILED)
