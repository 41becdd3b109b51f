"""How earlier work was done, as it was written down: so that a change of code or recipe can be named later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from assay_trainer.contract import CodeIngredients, Dataset, StatedDataset, TrialRequest


@dataclass(frozen=True)
class Earlier:
    """What was written down: what code is made of, by its digest, the present code included; and requests of trials, by
    their key."""

    programs: Mapping[str, CodeIngredients] = field(default_factory=dict)
    requests: Mapping[str, TrialRequest] = field(default_factory=dict)

    def dataset(self, identity: str) -> Dataset | StatedDataset | None:
        """Return the data set that a result names by what counts of it, if a request that was read names it, too."""
        return self._datasets.get(identity)

    @cached_property
    def _datasets(self) -> Mapping[str, Dataset | StatedDataset]:
        return {each.identity: each for made in self.requests.values() for each in (made.held_out, made.dataset)}


NOTHING_EARLIER = Earlier()
