"""CCS: a subset that covers easy and hard examples alike.

Source: Zheng, Liu, Lai, Prakash, "Coverage-centric Coreset Selection for High Pruning Rates", ICLR 2023, Algorithm 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STRATA = 50
"""The number of strata into which the range of scores is divided; the paper's k."""

_COVERING_SUBSET = 0xCC5  # keeps this stream apart from others that start at the same seed


def covering(scores: NDArray[np.float32], count: int, left_out: int, seed: int) -> NDArray[np.int64]:
    """Return the indices, ascending, of `count` examples that are drawn from all scores alike.

    The `left_out` examples with the highest scores (the paper's hard cutoff beta) are left out. The range of the other
    scores is divided into `STRATA` parts of equal width. Beginning with the part that has the fewest examples, each
    part gives an equal share of those that are still wanted, drawn at random, or all that it has. The draw is anew for
    each seed, so that its luck is part of the noise between seeds. count + left_out is at most the number of examples.
    """
    generator = np.random.default_rng([_COVERING_SUBSET, seed])
    kept = np.argsort(-scores, kind="stable")[left_out:]
    within = scores[kept].astype(np.float64)
    low, width = within.min(), (within.max() - within.min()) / STRATA
    stratum = np.minimum((within - low) / width, STRATA - 1).astype(np.int64) if width > 0 else np.zeros(len(kept), int)
    strata = [members for each in range(STRATA) if len(members := kept[stratum == each])]
    chosen: list[NDArray[np.int64]] = []
    wanted = count
    strata.sort(key=len)
    for at, members in enumerate(strata):
        # the last share is all that is still wanted, so that none is lost to rounding
        share = min(wanted // (len(strata) - at), len(members))
        chosen.append(generator.choice(members, share, replace=False))
        wanted -= share
    return np.sort(np.concatenate(chosen))
