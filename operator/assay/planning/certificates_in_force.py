"""Certificates that were written down: made once, in force until audits revoke them, whatever is added to the backlog.

A certificate names what it rests on by a digest: how the arm and the reference train, on what, and what is asked of a
proxy. If one of these is edited, the certificate is about something else and is left aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.api.arms import arms_of
from assay.api.resources import REFERENCE
from assay.planning.programs import study_program
from assay.planning.study import NO_SURROUNDINGS
from assay.planning.trust_records import CertificateInForce
from assay.ranking.promised_rate import promised_rate
from assay_trainer.contract import canonical_json, condition_digest, short_digest

if TYPE_CHECKING:
    from assay.planning.cells import ArmCells
    from assay.planning.screening import Screened
    from assay.planning.study import Study
    from assay.planning.trust import TrustAssessment
    from assay.planning.trust_records import TrustRecord


def rests_on(study: Study, arm: str) -> str:
    """Digest (32 hex digits) of all that a certificate of an arm rests on, hypotheses and seeds apart."""
    spec = study.spec
    asked: dict[str, Any] = {"metric": [spec.metric.name, spec.metric.goal], "trust": spec.trust.to_dict()}
    if spec.trust.statistic == "WinnerRegret":
        promote = spec.screening.promote if spec.screening else None
        asked["regret"] = [spec.metric.smallest_effect, promote]
    trained = [_trained(study, name) for name in (REFERENCE, arm)]
    return short_digest(canonical_json([asked, trained]))


def _trained(study: Study, arm: str) -> str:
    """Digest of how the study trains on an arm, before any hypothesis changes it."""
    program = study_program(study.spec)
    surroundings = study.surroundings.get(program, NO_SURROUNDINGS)
    own = next(each for each in arms_of(study.resource) if each.name == arm)
    prepared = [
        each.key
        for each in study.design.preparations
        if each.arm == arm and each.dataset.digest == study.dataset.digest
    ]
    return condition_digest(
        code=study.code[program],
        entrypoint=program.entrypoint,
        recipe=own.recipe,
        fidelity=own.fidelity,
        dataset=study.dataset.digest,
        held_out=study.dataset.digest,
        preparation=prepared[0] if prepared else None,
        inputs=surroundings.inputs,
        environment=surroundings.environment,
    )


def identities(study: Study) -> Mapping[str, str]:
    """By name: digest of what is run at the reference. An edited hypothesis is another one."""
    return {
        hypothesis.name: short_digest(canonical_json(study.design.conditions[hypothesis.name, REFERENCE].digest))
        for hypothesis in study.hypotheses
    }


def certificates_of(study: Study) -> Mapping[str, CertificateInForce]:
    """By arm: the certificates that were written down, and rest on what the study is now; the revoked ones among
    them."""
    found = {arm: study.trust_records.certificates.get(rests_on(study, arm)) for arm in study.design.arms[1:]}
    return {arm: certificate for arm, certificate in found.items() if certificate is not None}


def trust_to_record(
    study: Study,
    screened: Screened,
    trust: TrustAssessment,
    cells: Mapping[str, ArmCells],
    prices: Mapping[str, float],
    now: float,
) -> Iterator[TrustRecord]:
    """What the screening says, and the certificates that have just been made; of a study that does not screen, none.

    `prices` are relative costs of a trial by arm, as known; `now` is in Unix seconds.
    """
    yield from screened.records
    if study.spec.screening is None:
        return
    known = certificates_of(study)
    for arm, made in trust.certificates.items():
        if made.decision == "Trusted" and arm not in known and screened.revocation is None:
            yield certificate_in_force(
                study,
                cells,
                arm,
                screened.calibration,
                value=made.value,
                low=made.low,
                high=made.high,
                seeds=made.seeds,
                price=prices.get(arm, 1.0),
                now=now,
            )


def certificate_in_force(
    study: Study,
    cells: Mapping[str, ArmCells],
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
    """What is to be written down of an arm that has just become trusted by these hypotheses. `now` is in Unix
    seconds."""
    spec, initial, known = study.spec, study.design.initial_seeds, identities(study)
    threshold = float(spec.trust.threshold)
    reference, proxy = (cells[name].scores.first_seeds(initial).restricted(calibration) for name in (REFERENCE, arm))
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
