"""How good the hypotheses really are, as far as a table can tell. No policy sees it: they are scored by it
afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from assay.api.errors import InvalidInput, Problem
from assay.api.resources import REFERENCE
from assay.ranking.arrays import FloatArray

if TYPE_CHECKING:
    from assay.laboratory.policy import Placing
    from assay.recorded.table import Table
    from assay.runners.replay.study import Replayed


@dataclass(frozen=True, eq=False)
class Truth:
    """The true scores by hypothesis; higher is better."""

    scores: Mapping[str, float]

    @classmethod
    def of(cls, replayed: Replayed, table: Table) -> Truth:
        """Take the mean of each hypothesis' scores on the reference, over all seeds of the table. Raises InvalidInput.

        `table` may be another one than that from which policies buy: of the same runs, but with other scores.
        """
        reference, metric = replayed.arms[REFERENCE], replayed.study.spec.metric
        names = {hypothesis.name for hypothesis in replayed.study.hypotheses}
        scores: dict[str, list[float]] = defaultdict(list)
        for (hypothesis, arm, _), run in table.runs.items():
            if arm == reference and hypothesis in names and run.score is not None:
                scores[hypothesis].append(metric.turned(run.score))
        if len(scores) < 2:
            given = f"a table in which {len(scores)} hypotheses have a score on the reference"
            raise InvalidInput([Problem("assay replay", "--compare", given, "two hypotheses or more")])
        return cls({name: fmean(own) for name, own in sorted(scores.items())})

    def tau(self, placing: Placing) -> float:
        """Return Kendall's tau with the truth over the pairs with different true scores: the share ordered rightly less
        the share ordered wrongly. A pair that is not ordered adds nothing: a policy that places only half of the
        hypotheses can't reach 1."""
        signs = np.sign(np.subtract.outer(self._values, self._values))
        places = self._places(placing)
        ordered = np.sign(np.subtract.outer(places, places))
        separated = int(np.abs(signs).sum())
        return float(np.nansum(signs * ordered) / separated) if separated else 1.0

    def regret(self, placing: Placing) -> float | None:
        """Return by how much the truly best hypothesis is better than the one that stands highest; the mean over those
        that stand equally high, None while nobody stands."""
        known = {name: place for name, place in placing.items() if name in self.scores}
        if not known:
            return None
        highest = max(known.values())
        chosen = fmean(self.scores[name] for name, place in known.items() if place == highest)
        return max(self.scores.values()) - chosen

    @cached_property
    def _values(self) -> FloatArray:
        return np.array(list(self.scores.values()))

    def _places(self, placing: Placing) -> FloatArray:
        """Return each place, (hypotheses with a true score,): higher is better, NaN for a hypothesis without one."""
        place = {value: float(number) for number, value in enumerate(sorted(set(placing.values())))}
        return np.array([place[placing[name]] if name in placing else np.nan for name in self.scores])
