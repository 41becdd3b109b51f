"""Core-sets by anybody's own function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay_trainer.described import described
from assay_trainer.subsets.errors import SubsetUnusable

SubsetFunction = Callable[[Any], Any]
"""A function that gets a `Preparation` and returns scores, booleans or indices."""


def highest(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the indices, ascending, of the `count` examples with the highest scores; of equal scores the first."""
    return np.sort(np.argsort(-scores, kind="stable")[:count])


def as_scores(returned: Any, examples: int, count: int, entrypoint: str) -> NDArray[np.float32]:
    """Return what a subset function returned as scores, float32 (examples,), of which the `count` highest are chosen.

    Booleans and indices become scores of 1 and 0. Raises SubsetUnusable, which says what was given and what is allowed.
    """
    array = _as_array(returned, entrypoint)
    if array.ndim != 1:
        raise _unusable(entrypoint, f"an array of shape {array.shape}", "an array of one dimension")
    if array.dtype.kind == "f":
        return _checked_scores(array, examples, entrypoint)
    if array.dtype.kind == "b":
        if len(array) != examples:
            raise _unusable(entrypoint, f"{len(array):,} booleans", f"{examples:,}, one for each training example")
        chosen = np.flatnonzero(array)
    else:
        chosen = _checked_indices(array, examples, entrypoint)
    if len(chosen) != count:
        too = "few" if len(chosen) < count else "many"
        given = f"{len(chosen):,} of {examples:,} examples, which are too {too}"
        raise _unusable(entrypoint, given, f"{count:,}, by dataPercent; or a score for each example")
    scores = np.zeros(examples, np.float32)
    scores[chosen] = 1
    return scores


def _as_array(returned: Any, entrypoint: str) -> NDArray[Any]:
    """Return the values of an array, tensor or list of any library."""
    allowed = "floats (scores), booleans or whole numbers (indices), as an array, a tensor or a list"
    try:
        array = np.asarray(returned.detach().cpu().numpy() if hasattr(returned, "detach") else returned)
    except MemoryError:
        raise
    except Exception as error:
        raise _unusable(entrypoint, f"{described(returned)} ({type(error).__name__})", allowed) from error
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        raise _unusable(entrypoint, described(returned), allowed)
    if array.size == 0:
        raise _unusable(entrypoint, "nothing at all", allowed)
    return array


def _checked_scores(array: NDArray[Any], examples: int, entrypoint: str) -> NDArray[np.float32]:
    if len(array) != examples:
        raise _unusable(entrypoint, f"{len(array):,} scores", f"{examples:,}, one for each training example")
    with np.errstate(over="ignore"):
        scores: NDArray[np.float32] = array.astype(np.float32)
    if not (fit := np.isfinite(scores)).all():
        first = int(np.argmin(fit))
        given = f"{array[first]} for example {first:,}, and {(~fit).sum():,} such scores in all"
        raise _unusable(entrypoint, given, "finite numbers that fit into 32 bits")
    return scores


def _checked_indices(array: NDArray[Any], examples: int, entrypoint: str) -> NDArray[np.int64]:
    hint = "; scores are to be floats" if len(array) == examples else ""
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= examples:
        raise _unusable(entrypoint, f"indices from {low} to {high:,}", f"0 to {examples - 1:,}{hint}")
    indices = array.astype(np.int64)
    repeated = len(indices) - len(set(indices.tolist()))
    if repeated:
        raise _unusable(entrypoint, f"indices of which {repeated:,} are there twice", f"each example once{hint}")
    return indices


def _unusable(entrypoint: str, given: str, allowed: str) -> SubsetUnusable:
    return SubsetUnusable(f"subset function {entrypoint}: returned {given}; allowed: {allowed}")
