"""How earlier work was done, as it was written down: so that a change of code or recipe can be named later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay_trainer.contract import CodeIngredients, TrialRequest


@dataclass(frozen=True)
class Earlier:
    """What was written down: what code is made of, by its digest, the present code included; and requests of trials, by
    their key."""

    programs: Mapping[str, CodeIngredients] = field(default_factory=dict)
    requests: Mapping[str, TrialRequest] = field(default_factory=dict)


NOTHING_EARLIER = Earlier()
