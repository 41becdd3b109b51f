"""assay crds: the custom resource definitions are written, or compared with the models."""

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
        typer.Option(
            "--folder",
            help="Folder of the definitions. Default: crds, and charts/assay/files/crds if there is a chart.",
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a file differs.")] = False,
) -> None:
    """Write the custom resource definitions, generated from the models."""
    from assay.api.crds import drifted_crds, write_crds

    folders = folder or [FOLDER, *([CHART / "files" / "crds"] if CHART.is_dir() else [])]
    if not check:
        for path in [path for each in folders for path in write_crds(each)]:
            typer.echo(path)
        return
    if drifted := [path for each in folders for path in drifted_crds(each)]:
        for path in drifted:
            typer.echo(f"{path} differs from the models; run `assay crds`", err=True)
        raise typer.Exit(FAILED)
