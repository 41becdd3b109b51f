"""Builds shards from labelled images: decoded once, in every size that trials will ask for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.objects import ObjectNotFound, Objects, ObjectTooLarge, open_objects
from assay_trainer.shards.errors import InvalidDataset, InvalidSource
from assay_trainer.shards.shrink import shrink
from assay_trainer.shards.sources import LeftOut, Part, Source, open_source
from assay_trainer.shards.split import split

SHARD_BYTES = 64 * 2**20
"""The most bytes of a shard, unless one image is larger: an image is never split."""

MANIFEST = "manifest.json"
_READ_AT_ONCE = 1024  # images in memory beside the shards that are being filled


@dataclass(frozen=True)
class BuiltDataset:
    """A complete data set: the reference that studies give, and its manifest."""

    dataset: contract.Dataset
    manifest: contract.DatasetManifest
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
    skip_unreadable: bool = False,
    hold_out: Part | None = None,
) -> BuiltDataset:
    """Build the data set `name` from labelled images, see `open_source`, under a URI or a local path.

    Images are written as fixed-size uint8 records in each of `sizes` (pixels a side; none given: as they are),
    in one shuffled order, so that a prefix is a random subset. The source's own split is kept; without one,
    `held_out_percent` of each class is held out. The same input gives the same bytes and so the same digest;
    with `skip_unreadable`, the same as without the images that can't be read. `hold_out` says which part is held out
    of a source with several beside the training part (None: the test part).

    All images are decoded before anything is written. Shards are named by their digests and the manifest is written
    last, so an interrupted build leaves no data set, and building again goes on. Nothing is overwritten: what is built
    already stays, and if it is another data set, InvalidDataset is raised before anything is written. Raises
    InvalidSource for input that can't be used, InvalidDataset for a local destination that can't be written, ValueError
    for one that is no store, StoreError if it can't be written all the same.
    """
    objects = open_objects(destination if "://" in destination else Path(destination).absolute().as_uri())
    images = open_source(
        source, skip_unreadable=skip_unreadable, hold_out=hold_out, without=_checked_folder(objects, source)
    )
    chosen = tuple(sorted(set(sizes), reverse=True)) or (images.size,)
    for size in chosen:
        if not 1 <= size <= images.size:
            raise InvalidSource(f"{source}: size {size}; allowed: 1 to {images.size}, the size of the images")
    try:
        train, held_out = split(images, held_out_percent, seed)
    except InvalidSource as error:
        raise InvalidSource(f"{source}: {error}") from None
    writer = _Writer(objects)
    images.check()
    manifest = contract.DatasetManifest(
        name=name,
        classes=images.classes,
        channels=1 if images.channels == 1 else 3,
        train=_write_split(writer, "train", images, train, chosen),
        held_out=_write_split(writer, "held-out", images, held_out, chosen),
    )
    data = contract.canonical_json(manifest.model_dump(mode="json"))
    if not objects.put_if_absent(MANIFEST, data) and objects.get(MANIFEST) != data:
        raise writer.conflict()
    return BuiltDataset(
        contract.Dataset(manifest=f"{objects.uri}/{MANIFEST}", digest=contract.digest(data)),
        manifest,
        found=images.found,
        left_out=images.findings.left_out,
        notes=(*images.findings.notes, *_without_held_out(images, held_out)),
    )


def _without_held_out(images: Source, held_out: NDArray[np.int64]) -> list[str]:
    there = set(images.labels[held_out].tolist())
    missing = [name for label, name in enumerate(images.classes) if label not in there]
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    return [f"no image is held out of the classes {', '.join(missing[:5])}{more}"] if missing else []


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
    """Puts shards under a prefix, unless there is a manifest that doesn't name them."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        try:
            existing = contract.DatasetManifest.model_validate_json(objects.get(MANIFEST))
        except ObjectNotFound:
            self._known = None
        except ValueError:
            raise self.conflict() from None
        else:
            splits = (existing.train, existing.held_out)
            self._known = {part.labels for part in splits}
            self._known.update(shard for part in splits for shards in part.images.values() for shard in shards)

    def conflict(self) -> InvalidDataset:
        return InvalidDataset(
            f"{self._objects.uri}/{MANIFEST}: another data set is here already, and nothing is overwritten; "
            "expected this one or none: choose another destination, or remove it"
        )

    def put(self, stem: str, data: bytes, examples: int) -> contract.ShardFile:
        digest = contract.digest(data)
        path = f"{stem}-{digest.removeprefix('sha256:')[:16]}.bin"
        shard = contract.ShardFile(path=path, bytes=len(data), digest=digest, examples=examples)
        if self._known is not None and shard not in self._known:
            raise self.conflict()
        if not self._objects.put_if_absent(path, data) and not self._holds(path, data):
            raise InvalidDataset(
                f"{self._objects.uri}/{path}: damaged, expected digest {digest}: remove it, and build again"
            )
        return shard

    def _holds(self, path: str, data: bytes) -> bool:
        try:
            return self._objects.get(path, limit=len(data)) == data
        except ObjectTooLarge:
            return False


def _write_split(
    writer: _Writer, name: str, source: Source, indices: NDArray[np.int64], sizes: Sequence[int]
) -> contract.Split:
    per_shard = {size: max(1, SHARD_BYTES // (size * size * source.channels)) for size in sizes}
    pending: dict[int, list[NDArray[np.uint8]]] = {size: [] for size in sizes}
    shards: dict[int, list[contract.ShardFile]] = {size: [] for size in sizes}

    def flush(size: int, everything: bool) -> None:
        waiting = np.concatenate(pending[size])
        limit = per_shard[size]
        while len(waiting) >= limit or (everything and len(waiting)):
            full, waiting = waiting[:limit], waiting[limit:]
            shards[size].append(writer.put(f"{name}/{size}/{len(shards[size]):05d}", full.tobytes(), len(full)))
        pending[size] = [waiting]

    for first in range(0, len(indices), _READ_AT_ONCE):
        images = source.read(indices[first : first + _READ_AT_ONCE])
        for size in sizes:
            pending[size].append(shrink(images, size))
            if sum(map(len, pending[size])) >= per_shard[size]:
                flush(size, everything=False)
    for size in sizes:
        flush(size, everything=True)
    labels = writer.put(f"{name}/labels", source.labels[indices].astype("<i8").tobytes(), len(indices))
    return contract.Split(examples=len(indices), labels=labels, images={size: tuple(shards[size]) for size in sizes})
