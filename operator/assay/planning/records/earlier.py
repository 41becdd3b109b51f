"""What is written down of how work was done, so that a change of code or recipe can be named later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay_trainer.contract import CodeIngredients, TrialRequest


@dataclass(frozen=True)
class Earlier:
    """What is written down of how work was done: of code by its digest, present code among it; of trials by key."""

    programs: Mapping[str, CodeIngredients] = field(default_factory=dict)
    requests: Mapping[str, TrialRequest] = field(default_factory=dict)


NOTHING_EARLIER = Earlier()
