"""assay crds: the custom resource definitions, written or compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.exits import FAILED

FOLDER = Path("crds")
CHART = Path("charts/assay")
"""Helm packages only what is in the chart's folder, so the chart has a copy of its own."""


def crds(
    folder: Annotated[
        list[Path] | None,
        typer.Option("--folder", help="Where they are; unless said: crds, and the chart's files/crds where it is."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a file differs.")] = False,
) -> None:
    """Write the custom resource definitions that the models say."""
    from assay.api.crds import drifted_crds, write_crds

    folders = folder or [FOLDER, *([CHART / "files" / "crds"] if CHART.is_dir() else [])]
    if not check:
        for path in [path for each in folders for path in write_crds(each)]:
            typer.echo(path)
        return
    if drifted := [path for each in folders for path in drifted_crds(each)]:
        for path in drifted:
            typer.echo(f"{path} is not what the models say; run `assay crds`", err=True)
        raise typer.Exit(FAILED)
