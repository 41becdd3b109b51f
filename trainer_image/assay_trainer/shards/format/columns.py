"""Which columns a data set's files have, and how they become arrays of numpy and come from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer.contract import FIELDS_GROUP, DataField
from assay_trainer.shards.errors import InvalidDataset


def groups_of(fields: Mapping[str, DataField]) -> tuple[str, ...]:
    """Return the names of the groups of files: one for each image size, the largest first, and one for the rest."""
    images = [f"image-{size}" for field in fields.values() if field.kind == "image" for size in field.sizes]
    return (*images, *([FIELDS_GROUP] if any(field.kind != "image" for field in fields.values()) else []))


def group_schema(fields: Mapping[str, DataField], group: str) -> pa.Schema:
    """Return the Arrow schema that all files of a group have: columns by name, since a manifest forgets the order of
    its fields. Raises InvalidDataset for a group that there is not."""
    if group == FIELDS_GROUP:
        chosen = {name: type_of(field) for name, field in sorted(fields.items()) if field.kind != "image"}
    else:
        chosen = {
            name: _image_type(field, size)
            for name, field in sorted(fields.items())
            if field.kind == "image"
            for size in field.sizes
            if group == f"image-{size}"
        }
    if not chosen:
        raise InvalidDataset(f"group {group}: not in the data set; expected {', '.join(groups_of(fields))}")
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in chosen.items()])


def type_of(field: DataField) -> pa.DataType:
    """Return the Arrow type of a field that is no image."""
    if field.kind == "bytes":
        return pa.binary()
    if field.kind == "text":
        return pa.string()
    # Arrow packs truth values into bits, which no array of numpy can be a view of.
    numbers = pa.uint8() if field.type == "bool" else pa.from_numpy_dtype(np.dtype(field.type))
    if field.shape is None:
        return pa.list_(pa.field("item", numbers, nullable=False))
    return pa.fixed_shape_tensor(numbers, field.shape) if field.shape else numbers


def column_of(values: NDArray[np.generic] | pa.Array | Sequence[bytes], kind: pa.DataType) -> pa.Array:
    """Return values, an array (examples, …) or an Arrow array of the storage type, as a column of this Arrow type."""
    if isinstance(values, pa.Array):
        return values if values.type == kind else pa.ExtensionArray.from_storage(kind, values)
    if isinstance(kind, pa.FixedShapeTensorType):
        array = np.ascontiguousarray(values)
        flat = pa.array(array.reshape(-1), kind.value_type)
        return pa.ExtensionArray.from_storage(kind, pa.FixedSizeListArray.from_arrays(flat, type=kind.storage_type))
    return pa.array(values, kind)


def array_of(column: pa.Array) -> NDArray[np.generic]:
    """Return a column as an array that shares its memory: (examples, …) of numbers; texts and bytes as objects, and
    lists as an array of arrays, whose numbers share it, too."""
    kind = column.type
    if isinstance(kind, pa.FixedShapeTensorType):
        storage, size = column.storage, kind.storage_type.list_size
        values = storage.values.slice(storage.offset * size, len(column) * size)  # flatten() may take as long as a copy
        return np.asarray(numbers_of(values).reshape(len(column), *kind.shape))
    if pa.types.is_list(kind):
        numbers, bounds = numbers_of(column.values), numbers_of(column.offsets)
        found = np.empty(len(column), object)
        for place in range(len(column)):
            found[place] = numbers[bounds[place] : bounds[place + 1]]
        return found
    if pa.types.is_binary(kind) or pa.types.is_string(kind):
        found = np.empty(len(column), object)
        found[:] = column.to_pylist()
        return found
    return numbers_of(column)


def numbers_of(column: pa.Array) -> NDArray[Any]:
    """Return a column of numbers, none of them missing, as an array that shares its memory.

    Arrow's own `to_numpy` imports pandas where it is installed, which takes a second or two of each trial.
    """
    dtype = np.dtype(column.type.to_pandas_dtype())
    values = column.buffers()[1]
    if values is None or not len(column):
        return np.empty(len(column), dtype)
    return np.frombuffer(values, dtype, len(column), column.offset * dtype.itemsize)


def cells_of(column: pa.Array) -> NDArray[np.generic]:
    """Return a column of bytes as an array of buffers that share its memory."""
    found = np.empty(len(column), object)
    for place, each in enumerate(column):
        found[place] = each.as_buffer()
    return found


def _image_type(field: DataField, size: int) -> pa.DataType:
    if field.encoding == "jpeg":
        return pa.binary()
    return pa.fixed_shape_tensor(pa.uint8(), (size, size, field.channels or 1))
