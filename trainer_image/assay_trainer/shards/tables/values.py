"""Makes of a column's values what is written of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay_trainer.contract import DataField
from assay_trainer.shards.tables.columns import labels_in


@dataclass(frozen=True)
class Stored:
    """How the values of a column are written."""

    field: DataField
    coded: bool = False
    """Whether classes or labels are places of their names already."""
    separator: str | None = None
    """What stands between labels."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its numbers."""
        return np.dtype(np.uint8 if self.field.type in ("bool", None) else self.field.type)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of a row's numbers; None for texts, bytes, and as many numbers as the row has."""
        return None if self.field.type is None else self.field.shape

    def __call__(self, column: pa.Array) -> pa.Array | NDArray[Any]:
        """Return values as they are written: numbers as an array (rows, …), else as Arrow's own."""
        field = self.field
        if field.kind == "class":
            return self._places(column)
        if field.kind == "multi-label":
            return self._labels(column)
        if field.kind in ("text", "bytes"):
            return column
        if field.shape is None:
            return column.cast(pa.list_(pa.field("item", pa.from_numpy_dtype(self.dtype), nullable=False)))
        flat = column
        while pa.types.is_list(flat.type) or pa.types.is_fixed_size_list(flat.type):
            flat = flat.flatten()
        numbers = flat.to_numpy(zero_copy_only=False).astype(self.dtype, copy=False)
        return numbers.reshape(len(column), *field.shape)

    @cached_property
    def _names(self) -> pa.Array:
        return pa.array(self.field.names, pa.string())

    def _places(self, column: pa.Array) -> NDArray[np.int64]:
        if not self.coded:
            column = pc.index_in(column.cast(pa.string()), value_set=self._names)
        return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)

    def _labels(self, column: pa.Array) -> NDArray[np.uint8]:
        lists = labels_in(column, self.separator)
        found = np.zeros((len(column), len(self.field.names)), np.uint8)
        found[pc.list_parent_indices(lists).to_numpy(), self._places(lists.flatten())] = 1
        return found
