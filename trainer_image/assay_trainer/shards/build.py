"""Builds shards from labelled images: decoded once, in every size that trials will ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.contract import FIELDS_GROUP, DataField
from assay_trainer.objects import ObjectNotFound, Objects, ObjectTooLarge, open_objects
from assay_trainer.shards.content import ContentOfSplit, content_digest
from assay_trainer.shards.errors import InvalidDataset, InvalidSource
from assay_trainer.shards.format import column_of, groups_of, read_index
from assay_trainer.shards.shrink import shrink
from assay_trainer.shards.sources import Fit, ImageOptions, LeftOut, Part, Source, open_source
from assay_trainer.shards.split import split
from assay_trainer.shards.sums import channel_sums
from assay_trainer.shards.tables import TableOptions, is_table, open_examples
from assay_trainer.shards.writing import GroupWriter

MANIFEST = "manifest.json"

PATHS = {"train": "train", "held_out": "held-out"}
"""The folders of the splits."""

_ROWS_AT_ONCE = 512

READ_BYTES = 16 * 2**20
"""About how many bytes of images are decoded at once."""


_Written = tuple[contract.ExamplesSplit, Mapping[str, str]]
"""A split that was written, and the digests of its values by field."""


@dataclass(frozen=True)
class BuiltDataset:
    """A complete data set: the reference that studies give, and its manifest."""

    dataset: contract.Dataset
    manifest: contract.ExamplesManifest
    found: str = ""
    """What kind of source it was, in a few words."""
    left_out: tuple[LeftOut, ...] = ()
    """The parts of the source that are not used, by kind."""
    notes: tuple[str, ...] = ()
    """How the source was understood, where it could have been understood otherwise."""


def build_shards(
    source: Path,
    destination: str,
    *,
    name: str,
    sizes: Sequence[int] = (),
    held_out_percent: int = 20,
    seed: int = 0,
    fit: Fit = Fit.CROP,
    skip_unreadable: bool = False,
    hold_out: Part | None = None,
    table: TableOptions | None = None,
) -> BuiltDataset:
    """Build the data set `name` from labelled images, see `open_source`, under a URI or a local path.

    Images are written as uint8 in each of `sizes` (pixels a side; none given: as they are), in one shuffled order in
    which classes are interleaved, so that a window of it is a random subset with each class in proportion. Files that
    are no squares of one size are made squares of the largest of `sizes`, as `fit` says. The source's
    own split is kept; without one, `held_out_percent` of each class is held out. The same input gives the same bytes
    and so the same digest; with `skip_unreadable`, the same as without the images that can't be read. `hold_out` says
    which part is held out of a source with several beside the training part (None: the test part).

    A table (`is_table`) becomes fields instead, `table` says which column is what; a column of image files is decoded.

    All images are decoded before anything is written. Shards are named by their digests and the manifest is written
    last, so an interrupted build leaves no data set, and building again goes on. Nothing is overwritten: what is built
    already stays, and if it is another data set, InvalidDataset is raised before anything is written. Raises
    InvalidSource for input that can't be used, InvalidDataset for a local destination that can't be written, ValueError
    for one that is no store, StoreError if it can't be written all the same.
    """
    objects = open_objects(destination if "://" in destination else Path(destination).absolute().as_uri())
    options = ImageOptions(max(sizes, default=None), fit, skip_unreadable)
    if is_table(source):
        _checked_folder(objects, source)
        return _build_table(
            source, objects, name, table or TableOptions(), options, sizes, (held_out_percent, seed), hold_out
        )
    if table is not None and table != TableOptions():
        raise InvalidSource(f"{source}: columns are of tables; this is none")
    images = open_source(source, options, hold_out=hold_out, without=_checked_folder(objects, source))
    chosen = _chosen_sizes(source, sizes, images.size)
    try:
        train, held_out = split(images, held_out_percent, seed)
    except InvalidSource as error:
        raise InvalidSource(f"{source}: {error}") from None
    writer = _Writer(objects)
    images.check()
    fields = {
        "image": image_field(images.channels, chosen),
        "label": DataField(kind="class", type="int64", names=images.classes),
    }
    parts = {"train": train, "held_out": held_out}
    rows = _Readable(fields, "label", images.labels, lambda indices: {"label": images.labels[indices]}, images.read)
    written = {name: _write_split(writer, name, rows, indices) for name, indices in parts.items()}
    notes = (*images.findings.notes, *_without_held_out(images, held_out))
    return _finished(writer, name, fields, written, images.found, images.findings.left_out, notes)


def _finished(
    writer: _Writer,
    name: str,
    fields: Mapping[str, DataField],
    written: Mapping[str, _Written],
    found: str,
    left_out: tuple[LeftOut, ...],
    notes: tuple[str, ...],
) -> BuiltDataset:
    """Write the manifest, which makes a data set of all that was written."""
    manifest = contract.ExamplesManifest(
        name=name,
        fields=dict(fields),
        content=content_digest(fields, {part: (split.examples, values) for part, (split, values) in written.items()}),
        **{part: split for part, (split, _) in written.items()},
    )
    data = contract.canonical_json(manifest.model_dump(mode="json"))
    if not writer.put_manifest(data):
        raise writer.conflict()
    reference = contract.Dataset(
        manifest=f"{writer.uri}/{MANIFEST}", digest=contract.digest(data), content=manifest.content
    )
    return BuiltDataset(reference, manifest, found=found, left_out=left_out, notes=notes)


def _chosen_sizes(source: Path, sizes: Sequence[int], largest: int) -> tuple[int, ...]:
    chosen = tuple(sorted(set(sizes), reverse=True)) or (largest,)
    for size in chosen:
        if not 1 <= size <= largest:
            raise InvalidSource(f"{source}: size {size}; allowed: 1 to {largest}, the size of the images")
    return chosen


def _build_table(
    source: Path,
    objects: Objects,
    name: str,
    options: TableOptions,
    images: ImageOptions,
    sizes: Sequence[int],
    held_out: tuple[int, int],
    hold_out: Part | None,
) -> BuiltDataset:
    with ExitStack() as stack:
        rows = open_examples(source, options, images, hold_out, stack)
        fields = dict(rows.fields)
        if rows.image is None:
            if sizes or images.skip_unreadable:
                raise InvalidSource(f"{source}: sizes and unreadable images are of images; this table has none")
        else:
            column, there = rows.image
            fields[column] = image_field(there.channels, _chosen_sizes(source, sizes, there.size))
        try:
            parts = dict(zip(PATHS, split(rows, *held_out, groups=rows.groups), strict=True))
        except InvalidSource as error:
            raise InvalidSource(f"{source}: {error}") from None
        writer = _Writer(objects)
        if rows.image is not None:
            rows.image[1].check()
        written = {}
        for part, indices in parts.items():
            with rows.in_order(indices) as values:
                readable = _Readable(fields, rows.label, rows.labels, values, rows.image and rows.image[1].read)
                written[part] = _write_split(writer, part, readable, indices)
        notes = tuple(rows.findings.notes)
        return _finished(writer, name, fields, written, rows.found, rows.findings.left_out, notes)


def _without_held_out(images: Source, held_out: NDArray[np.int64]) -> list[str]:
    there = set(images.labels[held_out].tolist())
    missing = [name for label, name in enumerate(images.classes) if label not in there]
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    return [f"no image is held out of the classes {', '.join(missing[:5])}{more}"] if missing else []


def image_field(channels: int, sizes: tuple[int, ...]) -> DataField:
    """Return the field of decoded images, the largest of their sizes first."""
    return DataField(
        kind="image",
        type="uint8",
        shape=None,
        channels=1 if channels == 1 else 3,
        sizes=sizes,
        encoding="uint8",
        resize="area",
    )


def _checked_folder(objects: Objects, source: Path) -> Path | None:
    """Return the destination if it is a folder on this machine. Raises InvalidDataset if it is the source, or can't be
    written."""
    uri = urlsplit(objects.uri)
    if uri.scheme != "file":
        return None
    folder = Path(unquote(uri.path))
    if folder.resolve() == source.resolve():
        raise InvalidDataset(f"{folder}: the destination is the source; expected another folder")
    there = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    if not there.is_dir():
        raise InvalidDataset(f"{folder}: {there} is no folder; expected a destination that can be written")
    writable = os.access(there, os.W_OK | os.X_OK, effective_ids=True)
    if not writable and not os.access(folder / MANIFEST, os.F_OK, effective_ids=True):
        raise InvalidDataset(f"{folder}: {there} can't be written; expected a destination that can")
    return folder


class _Writer:
    """Puts files under a prefix, unless there is another data set."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.uri = objects.uri
        self._existing: bytes | None = None
        try:
            self._existing = objects.get(MANIFEST)
            found = contract.read_manifest(self._existing)
        except ObjectNotFound:
            return
        except ValueError:
            raise self.conflict() from None
        if not isinstance(found, contract.ExamplesManifest):
            raise self.conflict()
        self._known = {group.index for part in found.splits.values() for group in part.files.values()}
        for part in found.splits.values():
            for group in part.files.values():
                self._known.update(self._files_of(group, part.examples))

    def _files_of(self, group: contract.FileGroup, examples: int) -> Sequence[str]:
        try:
            return read_index(self._objects.get(group.index, group.bytes), examples).files
        except (ObjectNotFound, ObjectTooLarge, InvalidDataset):
            return ()  # it is written anew, or found to be damaged

    def conflict(self) -> InvalidDataset:
        return InvalidDataset(
            f"{self._objects.uri}/{MANIFEST}: another data set is here already, and nothing is overwritten; "
            "expected this one or none: choose another destination, or remove it"
        )

    def put(self, stem: str, data: bytes | pa.Buffer) -> str:
        """Write an object, and return its path, which has its digest in it. Raises InvalidDataset for a damaged object
        of this path, and if there is another data set."""
        digest = contract.digest(memoryview(data))
        path = f"{stem}-{digest.removeprefix('sha256:')[:16]}.arrow"
        if self._existing is not None and path not in self._known:
            raise self.conflict()
        whole = bytes(data)
        if not self._objects.put_if_absent(path, whole) and not self._holds(path, whole):
            raise InvalidDataset(
                f"{self._objects.uri}/{path}: damaged, expected digest {digest}: remove it, and build again"
            )
        return path

    def put_manifest(self, data: bytes) -> bool:
        """Write the manifest, and return whether it is there, rather than another one."""
        return self._objects.put_if_absent(MANIFEST, data) or self._objects.get(MANIFEST) == data

    def _holds(self, path: str, data: bytes) -> bool:
        try:
            return self._objects.get(path, limit=len(data)) == data
        except ObjectTooLarge:
            return False


@dataclass(frozen=True)
class _Readable:
    """Examples of any source, as they are written."""

    fields: Mapping[str, DataField]
    label: str | None
    labels: NDArray[np.int64]
    rows: Callable[[NDArray[np.int64]], Mapping[str, pa.Array | NDArray[Any]]]
    """A function that returns the values of all fields but the image."""
    images: Callable[[NDArray[np.int64]], NDArray[np.uint8]] | None
    """A function that returns the images, (m, side, side, channels)."""


def _write_split(writer: _Writer, name: str, source: _Readable, indices: NDArray[np.int64]) -> _Written:
    fields = source.fields
    content = ContentOfSplit(fields)
    groups = {group: GroupWriter(writer.put, PATHS[name], group, fields, content.add) for group in groups_of(fields)}
    image = next((field for field in fields.values() if field.kind == "image"), None)
    sums = np.zeros((2, image.channels or 1 if image else 0), np.int64)
    counts = {name: np.zeros(len(each.names), np.int64) for name, each in fields.items() if each.kind == "multi-label"}
    at_once = _ROWS_AT_ONCE
    if image is not None:
        at_once = max(1, min(at_once, READ_BYTES // (image.sizes[0] ** 2 * (image.channels or 1))))
    for first in range(0, len(indices), at_once):
        chunk = indices[first : first + at_once]
        if image is not None and source.images is not None:
            images = source.images(chunk)
            for size in image.sizes:
                shrunk = shrink(images, size)
                group = groups[f"image-{size}"]
                group.add([column_of(shrunk, group.schema.field(0).type)])
                if size == image.sizes[0]:
                    sums += channel_sums(shrunk)
        if FIELDS_GROUP in groups:
            values = source.rows(chunk)
            schema = groups[FIELDS_GROUP].schema
            groups[FIELDS_GROUP].add([column_of(values[each.name], each.type) for each in schema])
            for name in counts:
                counts[name] += np.asarray(values[name]).sum(0, np.int64)
    if source.label is not None:
        found = np.bincount(source.labels[indices], minlength=len(fields[source.label].names))
        counts[source.label] = found
    return contract.ExamplesSplit(
        examples=len(indices),
        files={group: each.finish() for group, each in groups.items()},
        class_counts={name: tuple(found.tolist()) for name, found in counts.items()},
        channel_sums=tuple(sums[0].tolist()),
        channel_squares=tuple(sums[1].tolist()),
    ), content.values()
