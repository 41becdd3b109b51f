"""Testing the proxies at looks: at numbers of seeds that are fixed in advance, once all hypotheses have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from assay.api.resources import REFERENCE
from assay.planning.trust.kin import kin_of
from assay.ranking import Certificate, Criterion, Scores, certify, look_seeds
from assay.ranking.memory import NO_MEMORY, Memory
from assay.ranking.true_orders.kin import Kin

if TYPE_CHECKING:
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.study import Study

SIMULATION_SEED = 20210715
"""The seed of the simulations behind a certificate: the same scores give the same decision, on every machine."""


@dataclass(frozen=True)
class ProxyLooks:
    """What the looks so far have said; `certificates` has each proxy's, and is empty before the first look."""

    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    open_proxies: tuple[str, ...] = ()
    next_look: int | None = None
    """The number of seeds that the open proxies and the reference need for the next look; None if there is none."""


def criterion_of(study: Study) -> Criterion:
    """Return the test by which the study trusts a proxy."""
    spec = study.spec
    return Criterion(
        statistic=spec.trust.statistic.value,
        threshold=float(spec.trust.threshold),
        confidence=spec.trust.confidence_percent / 100,
        smallest_effect=float(spec.metric.smallest_effect),
        promote=spec.screening.promote if spec.screening else DEFAULT_PROMOTE,
    )


DEFAULT_PROMOTE = 3
"""How many of the best hypotheses by the proxy `WinnerRegret` looks at if the study does not say."""


def look_at_proxies(study: Study, tables: Mapping[str, ScoreTable], memory: Memory = NO_MEMORY) -> ProxyLooks:
    """Take all looks that are due, and return what they say.

    A look is due when all trials of its seeds have ended on the reference and on every proxy that is still open, so it
    does not depend on which trials were quick.
    """
    proxies = [arm for arm in study.design.arms if arm != REFERENCE]
    looks = look_seeds(study.spec.seeds.initial, study.spec.seeds.maximum)
    criterion, reference = criterion_of(study), tables[REFERENCE]
    last = dict.fromkeys(proxies, 0)
    certificates: Mapping[str, Certificate] = {}
    open_proxies, due = proxies, 0
    kin = kin_of(study) if proxies else ()
    while open_proxies and due < len(looks):
        seeds = looks[due]
        if min(tables[arm].rounds for arm in (REFERENCE, *open_proxies)) < seeds:
            break
        due += 1
        last.update(dict.fromkeys(open_proxies, seeds))
        seen = tuple(tables[arm].scores.first_seeds(last[arm]) for arm in proxies)
        first = reference.scores.first_seeds(seeds)
        certificates = memory.of(_certify, first, tuple(proxies), seen, criterion, looks, due, kin)
        open_proxies = [arm for arm in open_proxies if certificates[arm].may_change]
    upcoming = looks[due] if certificates and open_proxies and due < len(looks) else None
    return ProxyLooks(certificates, tuple(open_proxies) if upcoming else (), upcoming)


def look_at_the_end(study: Study, tables: Mapping[str, ScoreTable], memory: Memory = NO_MEMORY) -> ProxyLooks:
    """Take one look at the scores there are, for a study that has ended before its first look."""
    proxies = tuple(arm for arm in study.design.arms if arm != REFERENCE)
    initial = study.spec.seeds.initial
    seen = tuple(tables[arm].scores.first_seeds(initial) for arm in proxies)
    if not proxies:
        return ProxyLooks()
    reference = tables[REFERENCE].scores.first_seeds(initial)
    return ProxyLooks(memory.of(_certify, reference, proxies, seen, criterion_of(study), (initial,), 1, kin_of(study)))


def _certify(
    reference: Scores,
    names: tuple[str, ...],
    proxies: Sequence[Scores],
    criterion: Criterion,
    looks: tuple[int, ...],
    reached: int,
    kin: tuple[Kin, ...],
) -> Mapping[str, Certificate]:
    return certify(
        reference,
        dict(zip(names, proxies, strict=True)),
        criterion,
        looks,
        reached,
        generator=np.random.default_rng(SIMULATION_SEED),
        kin=kin,
    )
