"""assay shards: data sets are decoded once, and looked into."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.api.errors import InvalidInput, Problem
from assay.cli.build_progress import shown_progress
from assay.cli.commands import program
from assay.cli.exits import BAD_INPUT, FAILED
from assay.cli.inputs import STORES, store_uri

if TYPE_CHECKING:
    from assay_trainer.shards import BuiltDataset, FoundDataset

_COMMAND = "assay shards build"

shards = program(help="Build data sets: images decoded once, into shards; look into them.", no_args_is_help=True)


class Description(StrEnum):
    """The form in which the data set that was built is described."""

    TEXT = "text"
    JSON = "json"


class HoldOut(StrEnum):
    """A part of a data set that may be held out."""

    TEST = "test"
    VALIDATION = "validation"


class Fitting(StrEnum):
    """How an image that is no square becomes one."""

    CROP = "crop"
    PAD = "pad"
    STRETCH = "stretch"


class Encode(StrEnum):
    """How images are kept."""

    UINT8 = "uint8"
    JPEG = "jpeg"


@shards.command()
def build(
    source: Annotated[
        Path,
        typer.Argument(
            help="Class folders with images, an .npz file, MNIST's idx files, tar archives, Parquet, CSV, JSON lines, "
            "or what Hugging Face's save_to_disk wrote."
        ),
    ],
    to: Annotated[str, typer.Option("--to", help=f"Where the data set is written to: {STORES}.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the data set. Default: that of the source.")
    ] = None,
    sizes: Annotated[
        str, typer.Option("--sizes", help="Image sizes in pixels a side, separated by commas. Default: as they are.")
    ] = "",
    fit: Annotated[
        Fitting,
        typer.Option(
            "--fit",
            help="How images that are no squares of one size become squares of the largest of --sizes: the middle "
            "square of each, all of it with black bars, or all of it stretched.",
        ),
    ] = Fitting.CROP,
    encode: Annotated[
        Encode,
        typer.Option(
            "--encode",
            help="How images are kept: their pixels in each size, or JPEGs of the largest size, which every trial "
            "decodes: for sets that are too large to be kept decoded.",
        ),
    ] = Encode.UINT8,
    held_out_percent: Annotated[
        int,
        typer.Option(
            "--held-out-percent",
            min=1,
            max=99,
            help="Percent of each class that is held out. If the source has a split, that is kept.",
        ),
    ] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the shuffle and of the split.")] = 0,
    hold_out: Annotated[
        HoldOut | None,
        typer.Option(
            "--hold-out",
            help="Which part is held out, if the source has both a test and a validation part. Default: test.",
            show_default=False,
        ),
    ] = None,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave out images that can't be used, instead of ending.")
    ] = False,
    label: Annotated[
        str | None, typer.Option("--label", help="Of a table: the column with the class. Default: label, class, y, …")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option("--labels", help="Of a table: a column with any number of labels in a row, a multi-label."),
    ] = None,
    labels_separator: Annotated[
        str | None,
        typer.Option("--labels-separator", help="What stands between two labels, if the column of --labels has texts."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Of a table: a column that is a number, not a class, such as `y`.")
    ] = None,
    split_column: Annotated[
        str | None, typer.Option("--split-column", help="Of a table: the column that says train, test, validation.")
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", help="Of a table: rows with one value in this column stay in one split."),
    ] = None,
    output: Annotated[
        Description, typer.Option("--output", "-o", help="How the data set is described.")
    ] = Description.TEXT,
) -> None:
    """Decode labelled images into shards of uint8 in several sizes, with a manifest of digests and the split.

    Says on stderr which files of the source are not used, by kind, and how the rest was understood.
    """
    from assay_trainer.shards import Encoding, Fit, InvalidDataset, InvalidSource, Part, TableOptions, build_shards

    try:
        with shown_progress() as told:
            built = build_shards(
                source,
                store_uri(_COMMAND, "--to", to),
                name=_name(name, source),
                sizes=_sizes(sizes),
                held_out_percent=held_out_percent,
                seed=seed,
                fit=Fit(fit.value),
                encode=Encoding(encode.value),
                skip_unreadable=skip_unreadable,
                table=TableOptions(label, target, split_column, group_by, labels, labels_separator),
                hold_out=None if hold_out is None else Part(hold_out.value),
                told=told,
            )
    except (InvalidSource, InvalidDataset) as error:  # they say what was given and what is allowed
        typer.echo(f"{_COMMAND}: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    if output is Description.JSON:
        typer.echo(json.dumps(_summary(built), indent=2))
        return
    manifest = built.manifest
    kind = "images" if manifest.image() else "examples"
    classes = f" of {len(manifest.classes)} classes" if manifest.classes else ""
    sizes_there = f", sizes {', '.join(map(str, manifest.train.sizes))}" if manifest.train.sizes else ""
    typer.echo(
        f"{built.dataset.manifest}: {manifest.train.examples} training and {manifest.held_out.examples} held-out "
        f"{kind}{classes}{sizes_there}\n{built.dataset.digest}"
    )
    for line in _asides(built):
        typer.echo(line, err=True)


UriArgument = Annotated[str, typer.Argument(help=f"The data set's manifest.json, or its place: {STORES}.")]
DigestOption = Annotated[
    str | None,
    typer.Option("--digest", help="The digest that its manifest must have, as a study states it.", show_default=False),
]


@shards.command()
def inspect(
    uri: UriArgument,
    digest: DigestOption = None,
    output: Annotated[Description, typer.Option("--output", "-o", help="How it is described.")] = Description.TEXT,
) -> None:
    """Say what is in a data set: its fields, its splits, and the files that hold them. Reads no examples."""
    from assay.cli.shards_table import dataset_summary, dataset_table

    found = _found("assay shards inspect", uri, digest)
    typer.echo(json.dumps(dataset_summary(found), indent=2) if output is Description.JSON else dataset_table(found))


@shards.command()
def verify(uri: UriArgument, digest: DigestOption = None) -> None:
    """Read a data set and compare all of it with its manifest. Names the first file that differs, and where in it.

    Ends with 1 if it is damaged, with 2 if there is none.
    """
    from assay_trainer.shards import InvalidDataset, verify_dataset

    found = _found("assay shards verify", uri, digest)
    blocks, size = sum(each.blocks for each in found.files), sum(each.bytes for each in found.files)
    try:
        hidden = not sys.stderr.isatty()
        with typer.progressbar(length=size, label="Reading", file=sys.stderr, hidden=hidden) as bar:
            verify_dataset(found, bar.update)
    except InvalidDataset as error:
        typer.echo(f"assay shards verify: {error}", err=True)
        raise typer.Exit(FAILED) from None
    typer.echo(f"{found.uri}: whole: {blocks:,} blocks of {size:,} bytes in all\n{found.digest}")


def _found(command: str, uri: str, digest: str | None) -> FoundDataset:
    from assay_trainer.shards import InvalidDataset, inspect_dataset

    try:
        return inspect_dataset(store_uri(command, "URI", uri), digest)
    except InvalidDataset as error:
        typer.echo(f"{command}: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None


def _asides(built: BuiltDataset) -> Iterator[str]:
    yield from (f"Note: {note}." for note in built.notes)
    for each in built.left_out:
        more = ", …" if each.count > len(each.examples) else ""
        yield f"Left out: {each.count:,} {each.kind} ({', '.join(each.examples)}{more})"
    if built.left_out:
        yield f"Left out in all: {sum(each.count for each in built.left_out):,}, of {len(built.left_out)} kinds."


def _summary(built: BuiltDataset) -> dict[str, Any]:
    manifest = built.manifest
    return {
        "manifest": built.dataset.manifest,
        "digest": built.dataset.digest,
        "name": manifest.name,
        "found": built.found,
        "classes": list(manifest.classes),
        "training": manifest.train.examples,
        "heldOut": manifest.held_out.examples,
        "sizes": list(manifest.train.sizes),
        "leftOut": [asdict(each) for each in built.left_out],
        "notes": list(built.notes),
    }


def _name(given: str | None, source: Path) -> str:
    name = given or source.absolute().stem or source.resolve().stem
    if not name.isprintable():
        raise InvalidInput([Problem(_COMMAND, "--name", ascii(name), "a text that can be printed")])
    return name


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(",") if size.strip())
    except ValueError:
        raise InvalidInput([Problem(_COMMAND, "--sizes", repr(text), "whole numbers, such as 28,14")]) from None
