"""Data sets of version 2: examples of any kind, in Arrow files with an index of their blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from assay_trainer import contract
from assay_trainer.data.blocks import Block, BlockReader
from assay_trainer.data.groups import Column, Columns, Group
from assay_trainer.shards.format import array_of, group_schema, groups_of, read_block, read_index


def groups_of_split(
    reader: BlockReader, manifest: contract.ExamplesManifest, split: contract.ExamplesSplit, size: int | None
) -> tuple[Group, ...]:
    """Return the groups of a split that a trial needs: images of one size, and all other fields. Reads their indices;
    raises InvalidDataset, StoreError."""
    wanted = [name for name in groups_of(manifest.fields) if name in (f"image-{size}", contract.FIELDS_GROUP)]
    return tuple(_group(reader, manifest, split, name) for name in wanted)


@dataclass(frozen=True)
class _ArrowBlocks:
    """Messages of Arrow, one to a block."""

    fields: Mapping[str, contract.DataField]
    group: str

    @cached_property
    def _schema(self) -> pa.Schema:
        return group_schema(self.fields, self.group)

    def __call__(self, data: memoryview, examples: int) -> Columns:
        block = read_block(data, self._schema, examples)
        return {name: array_of(column) for name, column in zip(self._schema.names, block.columns, strict=True)}

    def __reduce__(self) -> tuple[type, tuple[Mapping[str, contract.DataField], str]]:
        return (_ArrowBlocks, (self.fields, self.group))


def _group(reader: BlockReader, manifest: contract.ExamplesManifest, split: contract.ExamplesSplit, name: str) -> Group:
    files = split.files[name]
    data = reader.block(Block(files.index, 0, files.bytes, files.digest))
    index = read_index(bytes(data), split.examples)
    blocks = tuple(
        Block(index.files[file], start, length, f"sha256:{sha256.hex()}")
        for file, start, length, sha256 in zip(
            index.file.tolist(), index.offset.tolist(), index.length.tolist(), index.sha256, strict=True
        )
    )
    decode = _ArrowBlocks(manifest.fields, name)
    columns = {field: _column(manifest.fields[field], name) for field in group_schema(manifest.fields, name).names}
    return Group(columns, blocks, index.examples, decode)


def _column(field: contract.DataField, group: str) -> Column:
    if field.kind == "image" and field.encoding == "uint8":
        size = int(group.removeprefix("image-"))
        return Column(np.dtype(np.uint8), (size, size, field.channels or 1))
    if field.kind in ("image", "bytes", "text") or field.shape is None:
        return Column(np.dtype(object))
    return Column(np.dtype(field.type), field.shape)
