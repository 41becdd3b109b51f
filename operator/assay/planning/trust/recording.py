"""What is to be written down about a study's certificates: new ones, and what the screening has drawn or revoked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE
from assay.planning.records.trust_records import CertificateInForce
from assay.planning.trust.certificates_in_force import certificates_of, identities, rests_on
from assay.ranking.screening.promised_rate import promised_rate

if TYPE_CHECKING:
    from assay.planning.records.trust_records import TrustRecord
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.study import Study
    from assay.planning.trust.proxy_looks import ProxyLooks
    from assay.planning.trust.screening import ScreeningState


def trust_to_record(
    study: Study,
    screened: ScreeningState,
    trust: ProxyLooks,
    tables: Mapping[str, ScoreTable],
    prices: Mapping[str, float],
    now: float,
) -> Iterator[TrustRecord]:
    """Yield the records of the screening and of new certificates; a study that does not screen has none.

    `prices` has the relative cost of a trial by arm, where it is known; `now` is in Unix seconds.
    """
    yield from screened.records
    if study.spec.screening is None:
        return
    known = certificates_of(study)
    for arm, made in trust.certificates.items():
        if made.decision == "Trusted" and arm not in known and screened.revocation is None:
            calibration = trust.looked_at[arm]
            if not _have_ended(study, tables, arm, calibration):
                continue  # it was found by another study of these: it is in force here once they have run here, too
            yield certificate_in_force(
                study,
                tables,
                arm,
                calibration,
                value=made.value,
                low=made.low,
                high=made.high,
                seeds=made.seeds,
                price=prices.get(arm, 1.0),
                now=now,
            )


def _have_ended(study: Study, tables: Mapping[str, ScoreTable], arm: str, names: Sequence[str]) -> bool:
    """Return whether there are any, and all of them have their initial seeds on the arm and on the reference."""
    initial = study.design.initial_seeds
    return bool(names) and all(tables[each].of(names).rounds >= initial for each in (REFERENCE, arm))


def certificate_in_force(
    study: Study,
    tables: Mapping[str, ScoreTable],
    arm: str,
    calibration: Sequence[str],
    *,
    value: float | None,
    low: float | None,
    high: float | None,
    seeds: int,
    price: float,
    now: float,
) -> CertificateInForce:
    """Make the record of an arm that has just become trusted by these hypotheses. `now` is in Unix seconds."""
    spec, initial, known = study.spec, study.design.initial_seeds, identities(study)
    threshold = float(spec.trust.threshold)
    reference, proxy = (tables[name].scores.first_seeds(initial).restricted(calibration) for name in (REFERENCE, arm))
    return CertificateInForce(
        rests_on=rests_on(study, arm),
        made_at=now,
        arm=arm,
        statistic=spec.trust.statistic.value,
        threshold=threshold,
        confidence=spec.trust.confidence_percent / 100,
        value=value,
        low=low,
        high=high,
        promised_rate=promised_rate(spec.trust.statistic.value, threshold, reference, proxy),
        hypotheses={name: known[name] for name in calibration},
        seeds=seeds,
        price=price,
    )
