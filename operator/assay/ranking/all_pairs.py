"""Every pair of hypotheses, looked at after every seed that both have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.ranking.always_valid import Looks
from assay.ranking.paired_looks import PairedLooks
from assay.ranking.scores import BoolArray, FloatArray, Scores, SeedNoise


@dataclass(frozen=True, eq=False)
class AllPairs:
    """Pairs (i, j), i < j, of a table's rows."""

    rows: int
    first: NDArray[np.int64]
    """(pairs,): i."""
    second: NDArray[np.int64]
    """(pairs,): j."""
    looked: PairedLooks

    @classmethod
    def of(cls, table: Scores, looks: Looks, noise: SeedNoise) -> AllPairs:
        """`noise` as `initial_noise` has it, for the whole table if this is a part of one."""
        first, second = np.triu_indices(len(table.hypotheses), 1)
        values = table.values
        return cls(len(table.hypotheses), first, second, PairedLooks.build(values[first], values[second], looks, noise))

    def first_above(self, bounds: FloatArray) -> tuple[BoolArray, BoolArray]:
        """(pairs,) twice: at the first look at which their interval excludes 0, i is above; j is above."""
        apart = self.looked.is_apart(bounds)
        ever, look = apart.any(axis=1), apart.argmax(axis=1)
        difference = self.looked.differences[np.arange(len(look)), look]
        return ever & (difference > 0), ever & (difference < 0)

    def above(self, bounds: FloatArray) -> BoolArray:
        """(rows, rows): j is surely above i, in row i."""
        first_above, second_above = self.first_above(bounds)
        square = np.zeros((self.rows, self.rows), dtype=np.bool_)
        square[self.first, self.second] = second_above
        square[self.second, self.first] = first_above
        return square

    def of_row(self, row: int) -> AllPairs:
        """The pairs that a row is in."""
        where = np.flatnonzero((self.first == row) | (self.second == row))
        return AllPairs(self.rows, self.first[where], self.second[where], self.looked.of(where))

    def next_seed(self, is_open: BoolArray, counts: NDArray[np.int64]) -> BoolArray:
        """(rows,): who gets a seed for pairs that are open: whoever has fewer, both if they have equally many."""
        first, second = self.first[is_open], self.second[is_open]
        wanted = np.zeros(self.rows, dtype=np.bool_)
        wanted[first[counts[first] <= counts[second]]] = True
        wanted[second[counts[second] <= counts[first]]] = True
        return wanted
