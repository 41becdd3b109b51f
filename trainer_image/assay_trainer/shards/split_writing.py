"""Writes the examples of a split: of each field, and of images in each size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.contract import FIELDS_GROUP, DataField
from assay_trainer.shards.content import ContentOfSplit
from assay_trainer.shards.destination import Destination
from assay_trainer.shards.encoding import Stored
from assay_trainer.shards.format import column_of, groups_of
from assay_trainer.shards.shrink import shrink
from assay_trainer.shards.sums import channel_sums
from assay_trainer.shards.writing import GroupWriter, Wrote

PATHS = {"train": "train", "held_out": "held-out"}
"""The folders of the splits."""

READ_BYTES = 16 * 2**20
"""About how many bytes of images are decoded at once."""

_ROWS_AT_ONCE = 512

Written = tuple[contract.ExamplesSplit, Mapping[str, str]]
"""A split that was written, and the digests of its values by field."""


@dataclass(frozen=True)
class Readable:
    """Examples of any source, as they are written."""

    fields: Mapping[str, DataField]
    label: str | None
    labels: NDArray[np.int64]
    rows: Callable[[NDArray[np.int64]], Mapping[str, pa.Array | NDArray[Any]]]
    """A function that returns the values of all fields but the image."""
    images: Callable[[NDArray[np.int64]], Stored] | None = None
    """A function that returns the images."""
    wrote: Wrote = lambda _path, _data, _examples: None
    """Is told of each file of images of the largest size."""


def write_split(
    to: Destination, name: str, source: Readable, indices: NDArray[np.int64], told: Callable[[int], None]
) -> Written:
    """Write the examples with these indices, in this order, as the split `name`; `told` is called with the number of
    examples whenever some are written."""
    fields = source.fields
    content = ContentOfSplit(fields)
    groups = {group: GroupWriter(to.put, PATHS[name], group, fields, content.add) for group in groups_of(fields)}
    image = next((field for field in fields.values() if field.kind == "image"), None)
    if image is not None:
        groups[f"image-{image.sizes[0]}"].wrote = source.wrote
    sums = np.zeros((2, image.channels or 1 if image else 0), np.int64)
    counts = {name: np.zeros(len(each.names), np.int64) for name, each in fields.items() if each.kind == "multi-label"}
    at_once = _ROWS_AT_ONCE
    if image is not None:
        at_once = max(1, min(at_once, READ_BYTES // (image.sizes[0] ** 2 * (image.channels or 1))))
    for first in range(0, len(indices), at_once):
        chunk = indices[first : first + at_once]
        if image is not None and source.images is not None:
            stored, pixels = source.images(chunk)
            sums += channel_sums(pixels)
            for size in image.sizes:
                group = groups[f"image-{size}"]
                group.add([column_of(stored or shrink(pixels, size), group.schema.field(0).type)])
        if FIELDS_GROUP in groups:
            values = source.rows(chunk)
            schema = groups[FIELDS_GROUP].schema
            groups[FIELDS_GROUP].add([column_of(values[each.name], each.type) for each in schema])
            for field in counts:
                counts[field] += np.asarray(values[field]).sum(0, np.int64)
        told(len(chunk))
    if source.label is not None:
        found = np.bincount(source.labels[indices], minlength=len(fields[source.label].names))
        counts[source.label] = found
    return contract.ExamplesSplit(
        examples=len(indices),
        files={group: each.finish() for group, each in groups.items()},
        class_counts={field: tuple(found.tolist()) for field, found in counts.items()},
        channel_sums=tuple(sums[0].tolist()),
        channel_squares=tuple(sums[1].tolist()),
    ), content.values()
