"""Makes types plain: what several types of Arrow mean alike is kept as one, so that fields are told by few of them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_TO_STRING = (pa.types.is_large_string, pa.types.is_string_view)
_TO_BINARY = (pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_list_view, pa.types.is_large_list_view)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that a column is kept as: texts and bytes with short offsets, values instead of codes, numbers
    that numpy knows. Decimal numbers become float64, and half floats float32."""
    if isinstance(kind, pa.FixedShapeTensorType):
        inner = plain_type(kind.value_type)
        for extent in reversed(kind.shape):
            inner = pa.list_(inner, extent)
        return inner
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if any(each(kind) for each in _TO_STRING):
        return pa.string()
    if any(each(kind) for each in _TO_BINARY):
        return pa.binary()
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_decimal(kind):
        return pa.float64()
    if any(each(kind) for each in _LISTS):
        return pa.list_(plain_type(kind.value_type))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(plain_type(kind.value_type), kind.list_size)
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(each.name, plain_type(each.type)) for each in kind])
    return kind


def plain_column(column: pa.Array, to: pa.DataType) -> pa.Array:
    """Return a column as `to`, which is what `plain_type` makes of its type, or wider. Raises ArrowInvalid for values
    that it can't hold."""
    if isinstance(column.type, pa.FixedShapeTensorType):
        return _nested(column, column.type.shape).cast(to)
    if isinstance(column.type, pa.BaseExtensionType):
        return plain_column(column.storage, to)
    if pa.types.is_run_end_encoded(column.type):
        return plain_column(pc.run_end_decode(column), to)
    return column if column.type == to else column.cast(to)


def _nested(column: pa.ExtensionArray, shape: list[int]) -> pa.Array:
    """Return tensors as lists in lists."""
    flat = column.storage
    found = flat.values.slice(flat.offset * flat.type.list_size, len(flat) * flat.type.list_size)
    for extent in reversed(shape[1:]):
        found = pa.FixedSizeListArray.from_arrays(found, extent)
    return pa.FixedSizeListArray.from_arrays(found, shape[0], mask=flat.is_null())
