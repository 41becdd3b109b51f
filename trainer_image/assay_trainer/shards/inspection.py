"""Says what is in a data set, and reads all of it to find out whether it is what its manifest says."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.contract import FIELDS_GROUP, DatasetManifest, ExamplesManifest
from assay_trainer.objects import ObjectNotFound, Objects, UnfitObject, open_objects, split_object_uri
from assay_trainer.objects.names import checked_name
from assay_trainer.shards.content import ContentOfSplit, content_digest
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.shards.format import JpegField, array_of, cells_of, group_schema, groups_of, read_block, read_index
from assay_trainer.shards.sums import channel_sums
from assay_trainer.shards.whole_files import WholeFiles

_THREADS = 8
_AHEAD = 16
"""Blocks that are read ahead of the one that is looked at."""

_MOST_BLOCK_BYTES = 1 << 30


@dataclass(frozen=True)
class FilesOfGroup:
    """Some columns of a split: how many files and blocks hold them."""

    split: str
    group: str
    files: int
    blocks: int
    bytes: int


@dataclass(frozen=True)
class FoundDataset:
    """A data set as its manifest and its indices describe it."""

    objects: Objects
    uri: str
    """Of the manifest."""
    digest: str
    manifest: DatasetManifest | ExamplesManifest
    groups: Mapping[tuple[str, str], Sequence[_Block]]
    """The blocks of each split and group."""

    @property
    def files(self) -> tuple[FilesOfGroup, ...]:
        """How much there is of each group."""
        return tuple(
            FilesOfGroup(
                split, group, len({each.name for each in blocks}), len(blocks), sum(each.length for each in blocks)
            )
            for (split, group), blocks in self.groups.items()
        )


class _Block(NamedTuple):
    name: str
    start: int
    length: int
    sha256: str
    examples: int


def inspect_dataset(uri: str, digest: str | None = None) -> FoundDataset:
    """Return what is in the data set whose manifest, or whose folder, is at a URI; no examples are read. With `digest`,
    the manifest has to have it.

    Raises InvalidDataset; StoreError if the store can't be read; ValueError for what is no URI of a store.
    """
    prefix, name = split_object_uri(uri) if uri.endswith(".json") else (uri.rstrip("/"), "manifest.json")
    objects, where = open_objects(prefix), f"{prefix}/{name}"
    try:
        data = objects.get(name)
    except ObjectNotFound:
        raise InvalidDataset(f"{where}: no such manifest; `assay shards build` writes one") from None
    except UnfitObject as error:
        raise InvalidDataset(str(error)) from None
    found = contract.digest(data)
    if digest is not None and found != digest:
        raise InvalidDataset(f"{where}: digest {found}; expected {digest}")
    try:
        manifest = contract.read_manifest(data)
    except contract.InvalidManifest as error:
        raise InvalidDataset(f"{where}: not a manifest of version 1 or 2: {error}") from None
    return FoundDataset(objects, where, found, manifest, dict(_groups(objects, manifest)))


def verify_dataset(found: FoundDataset, progress: Callable[[int], None] = lambda _bytes: None) -> None:
    """Read the whole data set and compare it with its manifest: each block's digest, what each block holds, the files
    as wholes, the classes' counts, the sums of channels, and the digest of the content. `progress` is called with the
    bytes of each block.

    Raises InvalidDataset with the first file that differs, and where in it; StoreError.
    """
    manifest = found.manifest
    if not isinstance(manifest, ExamplesManifest):
        for blocks in found.groups.values():
            for block, _ in _read(found.objects, blocks):
                progress(block.length)
        return
    contents = {split: ContentOfSplit(manifest.fields) for split in manifest.splits}
    files = WholeFiles(found.objects)
    for (split, group), blocks in found.groups.items():
        schema, totals = group_schema(manifest.fields, group), _Totals(manifest, split, group)
        for block, data in _read(found.objects, blocks):
            progress(block.length)
            files.add(block.name, block.start, data)
            try:
                batch = read_block(data, schema, block.examples)
                totals.add(batch)
            except InvalidDataset as error:
                raise InvalidDataset(f"shard {block.name}: {_place(block)}: {error}") from None
            contents[split].add(group, batch)
        totals.check(found.uri)
    files.finish()
    values = {split: (manifest.splits[split].examples, each.values()) for split, each in contents.items()}
    if (digest := content_digest(manifest.fields, values)) != manifest.content:
        raise InvalidDataset(
            f"{found.uri}: it says that its content has the digest {manifest.content}; the examples have {digest}"
        )


class _Totals:
    """What the manifest says of a group's examples, counted anew."""

    def __init__(self, manifest: ExamplesManifest, split: str, group: str) -> None:
        self._split, self._name = manifest.splits[split], split
        self._fields = fields = manifest.fields
        self._classes = {
            name: np.zeros(len(fields[name].names), np.int64)
            for name in self._split.class_counts
            if group == FIELDS_GROUP and name in fields and fields[name].kind in ("class", "multi-label")
        }
        image = manifest.image()
        self._image, self._jpeg = None, None
        if image is not None and group == f"image-{image[1].sizes[0]}":
            self._image = image[0]
            if image[1].encoding == "jpeg":
                self._jpeg = JpegField(image[0], image[1].sizes[0], manifest.channels)
        self._sums = np.zeros((2, manifest.channels), np.int64)

    def add(self, block: pa.RecordBatch) -> None:
        for name, counts in self._classes.items():
            if self._fields[name].kind == "multi-label":
                counts += _labels_of(name, array_of(block.column(name)), len(counts))
                continue
            labels = array_of(block.column(name)).astype(np.int64)
            if labels.min() < 0 or labels.max() >= len(counts):
                raise InvalidDataset(f"field {name}: classes {labels.min()} to {labels.max()}; it has {len(counts)}")
            counts += np.bincount(labels, minlength=len(counts))
        if self._jpeg is not None:
            for cell in cells_of(block.column(self._jpeg.name)):
                self._sums += channel_sums(self._jpeg.decoded(cell, self._jpeg.side)[None])
        elif self._image is not None:
            self._sums += channel_sums(array_of(block.column(self._image)).astype(np.uint8, copy=False))

    def check(self, where: str) -> None:
        for name, counts in self._classes.items():
            if list(said := self._split.class_counts[name]) != counts.tolist():
                raise InvalidDataset(f"{where}: {self._name} split, field {name}: it says {said}; found {counts}")
        sums = [list(self._split.channel_sums), list(self._split.channel_squares)]
        # Another library may decode JPEGs a little differently: up to a level on average.
        off = 0 if self._jpeg is None else self._split.examples * self._jpeg.side**2
        if self._image is not None and not _alike(sums, self._sums, off):
            raise InvalidDataset(f"{where}: {self._name} split: its sums of channels are not those of the images")


def _labels_of(name: str, values: NDArray[np.generic], count: int) -> NDArray[np.int64]:
    """Return how many examples have each label. Raises InvalidDataset for values that are no multi-label."""
    if values.shape[1:] != (count,) or values.dtype != np.uint8 or values.max() > 1:
        raise InvalidDataset(f"field {name}: values that are not 0 or 1 for each of its {count} labels")
    return np.asarray(values.sum(0, dtype=np.int64))


def _alike(said: list[list[int]], sums: np.ndarray, off: int) -> bool:
    """Return whether sums, and sums of squares, differ by at most `off` levels in all."""
    if [len(each) for each in said] != [sums.shape[1]] * 2:
        return False
    differ = np.abs(np.array(said, np.float64) - sums)
    return bool((differ[0] <= off).all() and (differ[1] <= off * 510).all())


def _groups(
    objects: Objects, manifest: DatasetManifest | ExamplesManifest
) -> Iterator[tuple[tuple[str, str], Sequence[_Block]]]:
    """Yield the blocks of each split and group."""
    if isinstance(manifest, DatasetManifest):
        for split, old in (("train", manifest.train), ("held_out", manifest.held_out)):
            shards = [("label", (old.labels,)), *((f"image-{size}", old.images[size]) for size in old.sizes)]
            for group, files in shards:
                yield (split, group), [_Block(each.path, 0, each.bytes, each.digest, each.examples) for each in files]
        return
    for split, part in manifest.splits.items():
        for group in groups_of(manifest.fields):
            if (listed := part.files.get(group)) is None:
                raise InvalidDataset(f"the {split} split has no files of {group}")
            data = _fetched(objects, _Block(listed.index, 0, listed.bytes, listed.digest, 0))
            index = read_index(data, part.examples)
            places = zip(
                index.file.tolist(),
                index.offset.tolist(),
                index.length.tolist(),
                index.sha256,
                index.examples.tolist(),
                strict=True,
            )
            yield (
                (split, group),
                [
                    _Block(index.files[file], start, length, f"sha256:{sha256.hex()}", examples)
                    for file, start, length, sha256, examples in places
                ],
            )


def _read(objects: Objects, blocks: Sequence[_Block]) -> Iterator[tuple[_Block, bytes]]:
    """Yield blocks in order, each checked; several are read at a time."""
    waiting: deque[tuple[_Block, Future[bytes]]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            for block in blocks:
                waiting.append((block, pool.submit(_fetched, objects, block)))
                if len(waiting) > _AHEAD:
                    first, data = waiting.popleft()
                    yield first, data.result()
            for first, data in waiting:
                yield first, data.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _fetched(objects: Objects, block: _Block) -> bytes:
    """Return the bytes of a block. Raises InvalidDataset if they are not those that they should be."""
    try:
        checked_name(block.name)
    except ValueError as error:
        raise InvalidDataset(f"shard path: {error}") from None
    if block.length > _MOST_BLOCK_BYTES:
        raise InvalidDataset(f"shard {block.name}: a block of {block.length} bytes; allowed: {_MOST_BLOCK_BYTES}")
    buffer = bytearray(block.length)
    try:
        came = objects.read_into(block.name, block.start, memoryview(buffer)) if buffer else 0
    except ObjectNotFound:
        raise InvalidDataset(f"shard {block.name}: missing, at {objects.uri}") from None
    except UnfitObject as error:
        raise InvalidDataset(str(error)) from None
    if came < block.length:
        end = block.start + block.length
        raise InvalidDataset(f"shard {block.name}: cut short, at {objects.uri}: expected {end} bytes or more")
    if (found := f"sha256:{hashlib.sha256(buffer).hexdigest()}") != block.sha256:
        raise InvalidDataset(
            f"shard {block.name}: damaged, at {objects.uri}: digest {found}; expected {block.sha256} of {_place(block)}"
        )
    return bytes(buffer)


def _place(block: _Block) -> str:
    return f"bytes {block.start} to {block.start + block.length - 1}"
