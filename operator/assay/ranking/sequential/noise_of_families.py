"""The noise of hypotheses whose families share it: how much larger it is than residuals say, and how well it is known.

A seed's effect on all hypotheses is taken out of the residuals, and with it a part of what few families share: of C
families, one in C. And the residuals of a family say little more about the noise than those of one member do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from assay.ranking.families import Families, contrasts
from assay.ranking.scores import Scores


class NoiseOfFamilies(NamedTuple):
    """What the analysis of variance of the residuals says."""

    times: float
    """The noise variance of one score, over what the residuals say as if all were unrelated; at least 1."""
    degrees_of_freedom: int
    """What the pooled variance is known with, at least the number of seeds less 1 (Satterthwaite 1946)."""


def noise_of_families(table: Scores) -> NoiseOfFamilies | None:
    """Return it for a table of at least two seeds; None if no hypotheses with all scores are kin."""
    if table.families is None:
        return None
    complete = np.flatnonzero(table.present.all(axis=1))
    _, of = np.unique([table.families[row] for row in complete], return_inverse=True)
    families = Families("", of.astype(np.int64))
    if not families.tell_apart:
        return None
    seeds = contrasts(table.residuals[complete]).T
    between, within = (float(part.sum()) / len(seeds) for part in families.squares(seeds))
    hypotheses, others = len(complete), families.count - 1
    rest = hypotheses - families.count
    of_families, own = between / others, within / rest
    if of_families <= 0:
        return None
    size = (hypotheses - families.of_a_kind) / others
    shared = max((of_families - own) / size, 0.0)
    independent = families.degrees_of_freedom(between, within)
    times = (shared + own) / ((between + within) / (hypotheses - 1))
    return NoiseOfFamilies(max(times, 1.0), max(int(independent * len(seeds)), len(seeds)))
