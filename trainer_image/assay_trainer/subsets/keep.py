"""Which examples a trial keeps of a data set that its train function reads by itself.

Nothing is known of such a data set: not its order, which may be by class or by time, not its classes, and of a stream
not even its length. So of every hundred examples in a row as many are kept as there are percent, chosen by lot:
whatever comes in stretches of several hundred is kept in proportion.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from assay_trainer.described import described
from assay_trainer.subsets.golden import GOLDEN, start_of

ROW = 100
"""The examples of which `percent` are kept."""

_AT_ONCE = 200 * ROW
"""So many indices at a time: each may be of a row of its own."""
_MOST = 2**63 - 1
_ALLOWED = "a whole number of 0 or more (of 64 bits), or an array of them"


@dataclass(frozen=True)
class Keep:
    """Says which examples the trials of a seed keep: `keep(7)`, or `keep(indices)` for an array of them.

    It depends on index, percent and seed alone, so it is the same for all hypotheses of a seed, in every process and on
    every machine. What few percent keep, more percent keep, too. Successive seeds keep what is far apart: the lots of a
    row are a circle, and each seed starts at the seed times the golden ratio, modulo 1, of it. It can be pickled, as
    the workers of a data loader may need it.
    """

    percent: int
    seed: int

    @overload
    def __call__(self, index: int | np.integer[Any]) -> bool: ...
    @overload
    def __call__(self, index: NDArray[Any] | Sequence[int]) -> NDArray[np.bool_]: ...
    @overload
    def __call__(self, index: Any) -> Any: ...
    def __call__(self, index: Any) -> bool | NDArray[np.bool_]:
        """Return whether an example is kept; for an array, tensor or list of indices, booleans of its shape.

        Indices count from 0, in an order that is always the same. Raises TypeError for what is no whole number,
        ValueError for one below 0.
        """
        single = _whole(index)
        if single is None:
            given = _indices(index)
            flat = given.reshape(-1)
            kept = [self._kept(flat[first : first + _AT_ONCE]) for first in range(0, flat.size, _AT_ONCE)]
            return np.concatenate(kept or [np.zeros(0, np.bool_)]).reshape(given.shape)
        row, place = divmod(single, ROW)
        return (_lots(row)[place] - self._start) % ROW < self.percent

    def indices(self, examples: int) -> NDArray[np.int64]:
        """Return the indices that are kept of the first so many examples, ascending: int64 (kept,)."""
        parts = [np.arange(first, min(first + _AT_ONCE, examples)) for first in range(0, examples, _AT_ONCE)]
        return np.concatenate([part[self._kept(part)] for part in parts] or [np.arange(0)])

    def _kept(self, indices: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of the indices, int64 (n,) with n above 0, are kept."""
        rows, inverse = np.unique(indices // ROW, return_inverse=True)
        lots: NDArray[np.int64] = _draw(rows)[inverse, indices % ROW]
        return (lots - self._start) % ROW < self.percent

    @property
    def _start(self) -> int:
        return start_of(self.seed, ROW)


def _whole(index: Any) -> int | None:
    """Return a single index, of whatever type; None if it may be several."""
    if isinstance(index, bool | np.bool_ | float | np.floating | str | bytes) or index is None:
        raise TypeError(f"index: given {described(index)}; allowed: {_ALLOWED}")
    if getattr(index, "ndim", 0):
        return None
    try:
        found = operator.index(index)  # a tensor without dimensions is a number, too
    except TypeError:
        return None
    if not 0 <= found <= _MOST:
        raise ValueError(f"index: given {described(found)}; allowed: {_ALLOWED}")
    return found


def _indices(values: Any) -> NDArray[np.int64]:
    try:
        array = np.asarray(values.cpu() if hasattr(values, "cpu") else values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"index: given {described(values)}; allowed: {_ALLOWED}") from error
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        given = f"{described(values)}, of type {array.dtype}"
        raise TypeError(f"index: given {given}; allowed: {_ALLOWED}")
    if array.min() < 0 or array.max() > _MOST:
        raise ValueError(f"index: given {array.min()} to {array.max()}; allowed: {_ALLOWED}")
    return array.astype(np.int64)


@lru_cache(maxsize=1024)
def _lots(row: int) -> tuple[int, ...]:
    return tuple(_draw(np.array([row]))[0].tolist())


def _draw(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the lots of the examples of rows: int64 (rows, ROW), each of 0 to ROW - 1 once in a row."""
    with np.errstate(over="ignore"):
        first = rows[:, None].astype(np.uint64) * np.uint64(ROW)
        examples: NDArray[np.uint64] = np.add(first, np.arange(ROW, dtype=np.uint64), dtype=np.uint64)
    order = np.argsort(_mixed(examples), axis=1)
    lots = np.empty_like(order)
    np.put_along_axis(lots, order, np.broadcast_to(np.arange(ROW), order.shape), axis=1)
    return lots


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the values mixed by SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators",
    2014): no two become the same, and no version of any library changes them."""
    mixed = values + np.uint64(GOLDEN)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
