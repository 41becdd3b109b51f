"""How each held-out example fared, checked and packed for an object beside the result."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay_trainer.contract import MOST_EXAMPLES, PerExample, digest
from assay_trainer.described import described

Kind = Literal["correct", "loss"]

_ALLOWED: dict[Kind, str] = {
    "correct": "true or false (1 or 0) for each held-out example",
    "loss": "a finite number for each held-out example",
}


class KeptExamples(NamedTuple):
    """Values as they are kept: what a result says of them, and the bytes of their object."""

    described: PerExample
    data: bytes


class ExampleValues:
    """The values that a train function gave, by kind. Nothing that it gives raises: what can't be used is a note."""

    def __init__(self) -> None:
        self.held_out: int | None = None
        """The examples of the held-out split; None unless the function has asked for it."""
        self._kept: dict[Kind, KeptExamples] = {}
        self._notes: dict[Kind, str] = {}

    def take(self, *, correct: Any, loss: Any) -> None:
        """Take values instead of those that were given before."""
        given: dict[Kind, Any] = {"correct": correct, "loss": loss}
        for kind, values in given.items():
            if values is None:
                continue
            self._kept.pop(kind, None)
            self._notes.pop(kind, None)
            try:
                self._kept[kind] = _packed(kind, _as_array(values))
            except MemoryError:
                raise
            except _Unusable as error:
                self._notes[kind] = f"{error}; allowed: {_ALLOWED[kind]}"
            except Exception as error:  # noqa: BLE001 - its conversion may raise anything
                self._notes[kind] = f"{described(values)} ({type(error).__name__}); allowed: {_ALLOWED[kind]}"

    def kept(self) -> tuple[tuple[KeptExamples, ...], list[str]]:
        """Return what is kept, and notes on what is left out."""
        kept, notes = [], [f"per_example {kind} left out: given {note}" for kind, note in self._notes.items()]
        for kind, values in self._kept.items():
            examples = values.described.examples
            if self.held_out is None or examples == self.held_out:
                kept.append(values)
            else:
                notes.append(
                    f"per_example {kind} left out: given {examples:,} values; allowed: {self.held_out:,}, one for each "
                    "held-out example"
                )
        return tuple(kept), notes


class _Unusable(Exception):
    """What was given has no values of the kind."""


def _as_array(values: Any) -> NDArray[Any]:
    """Return the values of an array, tensor or list of any library."""
    if hasattr(values, "detach"):  # torch: off the device, and in a type that numpy has
        values = values.detach().cpu().double().numpy()
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise _Unusable(described(values))
    if array.ndim != 1 or len(array) < 2:
        raise _Unusable(f"an array of shape {array.shape}")
    return array


def _packed(kind: Kind, values: NDArray[Any]) -> KeptExamples:
    if kind == "correct":
        wrong = ~((values == 0) | (values == 1))
    else:
        with np.errstate(over="ignore"):
            values = values.astype("<f4")
        wrong = ~np.isfinite(values)
    if wrong.any():
        raise _Unusable(f"{values[wrong][0]} for example {int(np.flatnonzero(wrong)[0]):,}")
    chosen = values[kept_examples(len(values))]
    data = np.packbits(chosen.astype(np.bool_)).tobytes() if kind == "correct" else chosen.tobytes()
    mean = float(values.mean(dtype=np.float64))
    said = PerExample(kind=kind, examples=len(values), kept=len(chosen), mean=mean, digest=digest(data))
    return KeptExamples(said, data)


def kept_examples(examples: int) -> NDArray[np.int64]:
    """Return the indices of the examples that are kept of so many: evenly spaced, and the same for every trial."""
    kept = min(examples, MOST_EXAMPLES)
    return np.arange(kept, dtype=np.int64) * examples // kept
