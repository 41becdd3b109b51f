"""Data sets of version 2: examples of any kind, in Arrow files with an index of their blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pyarrow as pa

from assay_trainer import contract
from assay_trainer.data.blocks import Block, BlockReader
from assay_trainer.data.groups import Column, Columns, Group
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.shards.format import JpegField, array_of, cells_of, group_schema, groups_of, read_block, read_index


def groups_of_split(
    reader: BlockReader, manifest: contract.ExamplesManifest, split: contract.ExamplesSplit, size: int | None
) -> tuple[Group, ...]:
    """Return the groups of a split that a trial needs: images of one size, and all other fields. Reads their indices;
    raises InvalidDataset, StoreError."""
    return groups_of_files(reader, manifest.fields, split.files, split.examples, size)


def groups_of_files(
    reader: BlockReader,
    fields: Mapping[str, contract.DataField],
    files: Mapping[str, contract.FileGroup],
    examples: int,
    size: int | None,
) -> tuple[Group, ...]:
    """Return the groups of so many examples with these fields, as `groups_of_split` does."""
    image = next((field for field in fields.values() if field.kind == "image"), None)
    stored = max(image.sizes, default=None) if image is not None and image.encoding == "jpeg" else size
    wanted = [name for name in groups_of(fields) if name in (f"image-{stored}", contract.FIELDS_GROUP)]
    return tuple(_group(reader, fields, files.get(name), examples, name, size) for name in wanted)


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
        return {
            name: cells_of(column) if self.fields[name].encoding == "jpeg" else array_of(column)
            for name, column in zip(self._schema.names, block.columns, strict=True)
        }

    def __reduce__(self) -> tuple[type, tuple[Mapping[str, contract.DataField], str]]:
        return (_ArrowBlocks, (self.fields, self.group))


def _group(
    reader: BlockReader,
    all_fields: Mapping[str, contract.DataField],
    files: contract.FileGroup | None,
    examples: int,
    name: str,
    size: int | None,
) -> Group:
    if files is None:
        raise InvalidDataset(f"a split has no files of {name}; expected some of each group")
    data = reader.block(Block(files.index, 0, files.bytes, files.digest))
    index = read_index(bytes(data), examples)
    blocks = tuple(
        Block(index.files[file], start, length, f"sha256:{sha256.hex()}")
        for file, start, length, sha256 in zip(
            index.file.tolist(), index.offset.tolist(), index.length.tolist(), index.sha256, strict=True
        )
    )
    decode = _ArrowBlocks(all_fields, name)
    fields = {each: all_fields[each] for each in group_schema(all_fields, name).names}
    columns = {each: _column(field, size) for each, field in fields.items()}
    jpegs = {
        each: partial(JpegField(each, field.sizes[0], field.channels or 1).decoded, size=size or field.sizes[0])
        for each, field in fields.items()
        if field.encoding == "jpeg"
    }
    return Group(columns, blocks, index.examples, decode, cells=jpegs)


def _column(field: contract.DataField, size: int | None) -> Column:
    if field.kind == "image":
        side = size or field.sizes[0]
        return Column(np.dtype(np.uint8), (side, side, field.channels or 1))
    if field.kind in ("bytes", "text") or field.shape is None:
        return Column(np.dtype(object))
    return Column(np.dtype(field.type), field.shape)
