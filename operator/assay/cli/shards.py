"""assay shards: data sets, decoded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from assay.api.errors import InvalidInput, Problem

shards = typer.Typer(help="Data sets, decoded once into shards.", no_args_is_help=True)


@shards.callback()
def _shards() -> None:
    """Keeps `build` a command of its own while it is the only one."""


@shards.command()
def build(
    source: Annotated[
        Path,
        typer.Argument(help="A folder of class folders with images, an .npz file, or a folder of MNIST idx files."),
    ],
    to: Annotated[str, typer.Option("--to", help="Where the data set goes: a folder, or file:///folder.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the data set. Default: that of the source.")
    ] = None,
    sizes: Annotated[
        str, typer.Option("--sizes", help="Image sizes in pixels a side, separated by commas. Default: as they are.")
    ] = "",
    held_out_percent: Annotated[
        int,
        typer.Option("--held-out-percent", min=1, max=99, help="Of each class; a split of the source's own is kept."),
    ] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the shuffle and of the split.")] = 0,
) -> None:
    """Decode labelled images into shards of uint8 in several sizes, with a manifest of digests and the split."""
    from assay_trainer.shards import InvalidDataset, InvalidSource, build_shards

    try:
        chosen = tuple(int(size) for size in sizes.split(",") if size.strip())
    except ValueError:
        problem = Problem("assay shards build", "--sizes", repr(sizes), "whole numbers, such as 28,14")
        raise InvalidInput([problem]) from None
    try:
        built = build_shards(
            source,
            to if urlsplit(to).scheme else str(Path(to).absolute()),
            name=name or source.stem,
            sizes=chosen,
            held_out_percent=held_out_percent,
            seed=seed,
        )
    except (InvalidSource, InvalidDataset, ValueError) as error:
        raise InvalidInput(
            [Problem("assay shards build", "", str(error), "labelled images that can be read")]
        ) from error
    manifest = built.manifest
    typer.echo(
        f"{built.dataset.manifest}: {manifest.train.examples} training and {manifest.held_out.examples} held-out "
        f"images of {len(manifest.classes)} classes, sizes {', '.join(map(str, sorted(manifest.train.images)))}\n"
        f"{built.dataset.digest}"
    )
