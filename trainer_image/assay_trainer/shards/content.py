"""The digest of what a data set contains, whatever files hold it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from assay_trainer import contract
from assay_trainer.contract import FIELDS_GROUP, DataField
from assay_trainer.shards.format import array_of


class ContentOfSplit:
    """Digests of the values of a split's fields as they follow one another; of images, those of the largest size."""

    def __init__(self, fields: Mapping[str, DataField]) -> None:
        self._digests = {name: hashlib.sha256() for name in fields}
        self._group_of = {
            name: f"image-{field.sizes[0]}" if field.kind == "image" else FIELDS_GROUP for name, field in fields.items()
        }

    def add(self, group: str, block: pa.RecordBatch) -> None:
        """Take the next block of a group in; a group that has no field of its own here, such as a smaller image size,
        is passed over."""
        for name, column in zip(block.schema.names, block.columns, strict=True):
            if self._group_of[name] == group:
                _add(self._digests[name], column)

    def values(self) -> dict[str, str]:
        """Return the digest of each field."""
        return {name: f"sha256:{each.hexdigest()}" for name, each in self._digests.items()}


def content_digest(
    fields: Mapping[str, DataField], splits: Mapping[str, tuple[int, Mapping[str, str]]]
) -> contract.Digest:
    """Return the digest of all that a data set holds: its fields, and of each split the number of examples and what
    `ContentOfSplit.values` returns. Which smaller sizes there are does not count: they follow from the largest one."""
    described = {
        name: field.model_copy(update={"sizes": field.sizes[:1]}).model_dump(mode="json")
        for name, field in fields.items()
    }
    parts = {name: [examples, dict(values)] for name, (examples, values) in splits.items()}
    return contract.digest(contract.canonical_json([contract.MANIFEST_VERSION, described, parts]))


def _add(digest: hashlib._Hash, column: pa.Array) -> None:
    """Take the values of a column in: numbers as their little-endian bytes; what has a length, after it."""
    if pa.types.is_binary(column.type) or pa.types.is_string(column.type):
        for value in column.cast(pa.binary()):
            data = value.as_buffer()
            digest.update(len(data).to_bytes(8, "little"))
            digest.update(data)
        return
    values = array_of(column)
    if values.dtype != object:
        digest.update(np.ascontiguousarray(values).data)
        return
    for numbers in values:
        digest.update(len(numbers).to_bytes(8, "little"))
        digest.update(np.ascontiguousarray(numbers).data)
