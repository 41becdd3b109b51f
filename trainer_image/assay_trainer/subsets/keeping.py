"""Whether a train function that reads its data by itself keeps as many examples as it was asked to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from assay_trainer.contract import Fidelity
from assay_trainer.described import described
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.subsets.keep import Keep

_FEWER, _ALL = 0.5, 0.98
"""What is evident, as shares of what was to be processed, and of all examples. Dropped last batches make it fewer, and
examples that are shown several times make it more, so that more is only said where it is just all of them."""
_TELLING_PERCENT = 90
"""Up to here a part can be told from all examples."""


class Keeping:
    """Remembers how a train function asks which examples to keep. Only what is asked in the trial's process is seen."""

    def __init__(self, fidelity: Fidelity, seed: int) -> None:
        self._fidelity = fidelity
        self._keep = Keep(fidelity.data_percent, seed)
        self._asked = False
        self._counts: dict[int, int] = {}
        """By number of examples, how many of them are kept."""

    @property
    def keep(self) -> Keep:
        """Says which examples are kept."""
        self._asked = True
        return self._keep

    def kept(self, examples: int) -> NDArray[np.int64]:
        """Return the indices that are kept of so many examples.

        Raises ValueError for what is no whole number above 0, InvalidDataset if so few examples leave none.
        """
        if isinstance(examples, bool) or not isinstance(examples, int | np.integer) or examples < 1:
            raise ValueError(
                f"trial.kept: given {described(examples)}; allowed: how many training examples there are, a whole "
                "number above 0"
            )
        indices = self.keep.indices(int(examples))
        if not len(indices):
            raise InvalidDataset(
                f"trial.kept: dataPercent {self._fidelity.data_percent} keeps none of {examples} training examples; "
                "allowed: a percent that leaves some"
            )
        self._counts[int(examples)] = len(indices)
        return indices

    @property
    def examples(self) -> int:
        """How many are kept, where that is known; else 0."""
        return next(iter(self._counts.values())) if len(self._counts) == 1 else 0

    def notes(self, samples: int) -> Iterator[str]:
        """Yield what is evidently amiss; `samples` were processed in all, as the function says, 0 if it does not say.

        It is a note and no failure: a function may choose its part in other ways, or count what it shows twice.
        """
        percent = self._fidelity.data_percent
        if not self._asked:
            if self._fidelity.takes_subset:
                yield (
                    f"dataPercent is {percent}, and the function has not asked which examples to keep (trial.keep, "
                    "trial.kept): it has probably trained on all of them"
                )
            return
        if not (samples and self.examples) or self._fidelity.steps:  # steps say how many, whatever is kept
            return
        ((examples, kept),) = self._counts.items()
        epochs = self._fidelity.stop_after or self._fidelity.epochs
        asked = f"dataPercent {percent} of {examples} examples is {kept}, {epochs} times is {kept * epochs}"
        if samples < _FEWER * kept * epochs:
            yield f"trained on less than was asked: {asked}, and trial.count_samples was told of {samples}"
        elif percent <= _TELLING_PERCENT and _ALL * examples * epochs <= samples <= examples * epochs:
            said = f"trial.count_samples was told of {samples}, what all examples make (of copies count one)"
            yield f"trained on more than was asked: {asked}, and {said}"
