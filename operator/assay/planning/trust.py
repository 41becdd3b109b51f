"""Looking at the proxies: at numbers of seeds fixed in advance, when all hypotheses have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from assay.api.resources import REFERENCE
from assay.ranking import Certificate, Scores, certify

if TYPE_CHECKING:
    from assay.planning.cells import ArmCells
    from assay.planning.study import Study

SIMULATION_SEED = 20210715
"""Of the simulations behind a certificate: the same scores give the same decision, on every machine."""

_REMEMBERED = 64
"""What the same scores say is the same: most plans differ from the last one in no round that is complete."""


@dataclass(frozen=True)
class TrustAssessment:
    """What the looks so far have said. `certificates` are by proxy; there are none before the first look."""

    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    open_proxies: tuple[str, ...] = ()
    next_look: int | None = None
    """Seeds that the open proxies and the reference need for the next look; None: there is none."""


def trust_of(study: Study, cells: Mapping[str, ArmCells]) -> TrustAssessment:
    """All looks that are due. A look is due when all trials of its seeds have ended, on the reference and on every
    proxy that is still open: so it does not depend on which trials were quick."""
    proxies = [arm for arm in study.design.arms if arm != REFERENCE]
    initial = study.spec.seeds.initial
    if not proxies or min(cells[arm].rounds for arm in (REFERENCE, *proxies)) < initial:
        return TrustAssessment()
    return last_trust(study, cells)


def last_trust(study: Study, cells: Mapping[str, ArmCells]) -> TrustAssessment:
    """One look at what there is, for a study that has ended before its first one."""
    proxies = tuple(arm for arm in study.design.arms if arm != REFERENCE)
    initial = study.spec.seeds.initial
    reference = cells[REFERENCE].scores.first_seeds(initial)
    trust = study.spec.trust
    found = {
        arm: _certify(
            reference, cells[arm].scores.first_seeds(initial), float(trust.threshold), trust.confidence_percent / 100
        )
        for arm in proxies
    }
    return TrustAssessment(found)


@lru_cache(maxsize=_REMEMBERED)
def _certify(reference: Scores, proxy: Scores, threshold: float, confidence: float) -> Certificate:
    generator = np.random.default_rng(SIMULATION_SEED)
    return certify(reference, proxy, threshold=threshold, confidence=confidence, generator=generator)
