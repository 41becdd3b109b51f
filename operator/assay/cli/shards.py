"""assay shards: data sets, decoded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.api.errors import InvalidInput, Problem
from assay.cli.exits import BAD_INPUT
from assay.cli.inputs import STORES, store_uri

_COMMAND = "assay shards build"

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
    to: Annotated[str, typer.Option("--to", help=f"Where the data set goes: {STORES}.")],
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
        built = build_shards(
            source,
            store_uri(_COMMAND, "--to", to),
            name=name or source.stem,
            sizes=_sizes(sizes),
            held_out_percent=held_out_percent,
            seed=seed,
        )
    except (InvalidSource, InvalidDataset) as error:  # they say what was given and what is allowed
        typer.echo(f"{_COMMAND}: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    manifest = built.manifest
    typer.echo(
        f"{built.dataset.manifest}: {manifest.train.examples} training and {manifest.held_out.examples} held-out "
        f"images of {len(manifest.classes)} classes, sizes {', '.join(map(str, sorted(manifest.train.images)))}\n"
        f"{built.dataset.digest}"
    )


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(",") if size.strip())
    except ValueError:
        raise InvalidInput([Problem(_COMMAND, "--sizes", repr(text), "whole numbers, such as 28,14")]) from None
