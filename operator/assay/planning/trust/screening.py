"""Once a proxy is trusted: which hypotheses are screened on it, which go on to the reference, and who is audited.

Hypotheses that were not in the certificate's calibration are screened: they run on the proxy alone. The best of them
are promoted to the reference. Some are drawn by lot to be audited there, before anybody knows how they score, so that
what the audits show holds for all screened hypotheses. A certificate that audits refute is revoked, for good: then the
screened hypotheses run at the reference, and so does what is added later.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from assay.api.bounds import shortened
from assay.api.resources import REFERENCE
from assay.planning.records.trust_records import AuditsDrawn, CertificateInForce, Revocation, TrustRecord
from assay.planning.trust.audit_draws import NO_LABEL, AuditDraws, audit_draws
from assay.planning.trust.certificates_in_force import certificates_of, identities
from assay.ranking.screening.audits import Audit, Drawn, audit
from assay.ranking.screening.selection import promoted

if TYPE_CHECKING:
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.study import Study

SUSPICION = 1.0
"""At this evidence against a stratum (see `ranking.screening.audits`) as many again of it are audited. That costs
little where the proxy keeps its promise, and the few audited hypotheses of a small stratum could hardly revoke a
certificate: without it (`once` in `benchmarks/screening.py`) most drift is missed."""

_MESSAGE_LENGTH = 400
_NAMES_SHOWN = 5


class Role(StrEnum):
    """The role that a hypothesis has in the screening."""

    CALIBRATION = "Calibration"
    """It runs on all arms: the certificate rests on it, or is yet to come."""
    SCREENED = "Screened"
    """It runs on the proxy alone."""
    PROMOTED = "Promoted"
    """The proxy puts it among the best: it runs at the reference, too."""
    AUDITED = "Audited"
    """It was drawn to run at the reference, too, and is not promoted."""
    FALLEN_BACK = "FallenBack"
    """The certificate was revoked: it runs at the reference."""


@dataclass(frozen=True)
class ScreeningState:
    """The state of a screening. Without one, `arm` is None and every hypothesis is calibration."""

    roles: Mapping[str, Role]
    """By hypothesis, in the study's order."""
    arm: str | None = None
    """The proxy that hypotheses are screened on, or were until it was revoked."""
    certificate: CertificateInForce | None = None
    wanted: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By hypothesis and arm: how many of the first seeds are wanted. The calibration's hypotheses are not in it."""
    drawn: tuple[str, ...] = ()
    """The audited hypotheses, in the order in which they were drawn; promoted ones may be among them."""
    audit: Audit | None = None
    revocation: Revocation | None = None
    records: tuple[TrustRecord, ...] = ()
    """The records that are to be written down now."""

    @property
    def calibration(self) -> tuple[str, ...]:
        """The hypotheses that run on all arms."""
        return self.having(Role.CALIBRATION)

    def having(self, *roles: Role) -> tuple[str, ...]:
        """Return the hypotheses that have one of these roles."""
        return tuple(name for name, role in self.roles.items() if role in roles)


def screening_of(study: Study, tables: Mapping[str, ScoreTable], now: float) -> ScreeningState:
    """Work out a study's screening from its scores and from what was written down. `now` (Unix seconds) only dates the
    new records.

    Of several proxies in force the one that was certified first is used, the cheapest of these: so it stays the same.
    Once one is revoked, none is used: the others may be as wrong about the same hypotheses.
    """
    certificates = certificates_of(study) if study.spec.screening else {}
    if not certificates:
        return everybody_calibrates(study)
    everybody = everybody_calibrates(study).roles
    known = identities(study)
    calibration = {study.baseline}.union(*(_still_known(each.hypotheses, known) for each in certificates.values()))
    newcomers = tuple(name for name in everybody if name not in calibration)
    revocations = study.history.trust_records.revocations
    revoked = [arm for arm, each in certificates.items() if each.rests_on in revocations]
    certificate = min(
        (certificates[arm] for arm in revoked or certificates), key=lambda each: (each.made_at, each.price, each.arm)
    )
    before = {
        name: identity
        for record in study.history.trust_records.audits.get(certificate.rests_on, ())
        for name, identity in record.hypotheses.items()
    }
    draws = audit_draws(study, newcomers, known, before)
    state = ScreeningState(everybody, certificate.arm, certificate, drawn=draws.before)
    if revoked:
        return _fallen_back(study, state, newcomers, revocations[certificate.rests_on])
    return _in_force(study, tables, state, draws, known, now)


def everybody_calibrates(study: Study) -> ScreeningState:
    """Return the state in which nobody is screened."""
    return ScreeningState(dict.fromkeys((hypothesis.name for hypothesis in study.hypotheses), Role.CALIBRATION))


def _in_force(
    study: Study,
    tables: Mapping[str, ScoreTable],
    state: ScreeningState,
    draws: AuditDraws,
    known: Mapping[str, str],
    now: float,
) -> ScreeningState:
    """Promote, draw and audit; return the state after the revocation if the audits refute the certificate now."""
    certificate, newcomers = state.certificate, tuple(draws.lots)
    assert certificate is not None
    reference, proxy = tables[REFERENCE], tables[certificate.arm]
    best = _promoted(study, proxy, newcomers)
    drawn = draws.drawn(best)
    ended = _first_ended(study, (reference, proxy), drawn)
    calibration = _still_known(certificate.hypotheses, known)
    checked = _audited(study, certificate, (reference, proxy), draws, ended, calibration)
    if checked.revoked:
        rested = [name for name in newcomers if name not in ended[: checked.revoked_after]]
        revocation = _revocation(study, certificate, checked, rested, now)
        fallen = _fallen_back(study, state, newcomers, revocation)
        return replace(fallen, audit=checked, drawn=drawn, records=(revocation,))
    if best and len(ended) == len(drawn):
        drawn = draws.doubled(drawn, [each.stratum for each in checked.strata if each.evidence >= SUSPICION])
    roles = dict(state.roles) | dict.fromkeys(newcomers, Role.SCREENED)
    roles |= dict.fromkeys(drawn, Role.AUDITED) | dict.fromkeys(best, Role.PROMOTED)
    new = {name: known[name] for name in drawn if name not in draws.before}
    drawing = AuditsDrawn(rests_on=certificate.rests_on, made_at=now, hypotheses=new)
    return replace(
        state,
        roles=roles,
        wanted=_wanted(study, certificate.arm, newcomers, roles),
        drawn=drawn,
        audit=checked,
        records=(drawing,) if new else (),
    )


def _audited(
    study: Study,
    certificate: CertificateInForce,
    arms: tuple[ScoreTable, ScoreTable],
    draws: AuditDraws,
    ended: Sequence[str],
    calibration: Container[str],
) -> Audit:
    """Compare the audited hypotheses that have `ended` with the calibration's, on the reference and the proxy."""
    reference, proxy = (arm.scores.first_seeds(study.design.initial_seeds) for arm in arms)
    return audit(
        reference,
        proxy,
        tuple(each.name for each in study.hypotheses if each.name in calibration),
        [Drawn(name, draws.strata[name]) for name in ended],
        tuple(draws.by_stratum),
        promised=certificate.promised_rate,
        confidence=certificate.confidence,
    )


def _wanted(
    study: Study, arm: str, newcomers: Sequence[str], roles: Mapping[str, Role]
) -> Mapping[tuple[str, str], int]:
    """Return the initial seeds for all newcomers on the proxy, and for promoted and audited ones at the reference."""
    initial = study.design.initial_seeds
    at_reference = {(name, REFERENCE): initial for name in newcomers if roles[name] is not Role.SCREENED}
    return {(name, arm): initial for name in newcomers} | at_reference


def _promoted(study: Study, proxy: ScoreTable, newcomers: Sequence[str]) -> frozenset[str]:
    """Return the best of the newcomers; none until all have run on the proxy, since a late one may be better."""
    assert study.spec.screening is not None
    if len(_first_ended(study, (proxy,), newcomers)) < len(newcomers):
        return frozenset()
    scores = proxy.scores.first_seeds(study.design.initial_seeds).restricted(newcomers)
    return promoted(scores, study.spec.screening.promote)


def _first_ended(study: Study, arms: Sequence[ScoreTable], names: Sequence[str]) -> Sequence[str]:
    """Return the names before the first one that has not ended on all of the arms: so it does not matter which trials
    were quick."""
    initial = study.design.initial_seeds
    for at, name in enumerate(names):
        row = arms[0].scores.row(name)
        if any(arm.prefix[row] < initial for arm in arms):
            return names[:at]
    return names


def _fallen_back(
    study: Study, state: ScreeningState, newcomers: Sequence[str], revocation: Revocation
) -> ScreeningState:
    return replace(
        state,
        roles=dict(state.roles) | dict.fromkeys(newcomers, Role.FALLEN_BACK),
        wanted={(name, REFERENCE): study.design.initial_seeds for name in newcomers},
        revocation=revocation,
    )


def _revocation(
    study: Study, certificate: CertificateInForce, checked: Audit, rested: Sequence[str], now: float
) -> Revocation:
    found = next(each for each in checked.strata if each.stratum == checked.revoking)
    label = study.spec.screening.stratify_by if study.spec.screening else None
    kind = f" of {label} {found.stratum}" if label and found.stratum != NO_LABEL else ""
    kind = f" without a label {label}" if label and not kind else kind
    share = f"{100 * found.alike:.0f} %" if found.alike is not None else "none"
    verdicts = f"The verdicts of {len(rested)} others rested on it: {_listed(rested)}." if rested else ""
    message = (
        f"Audits revoked the certificate of {certificate.arm}: of {found.pairs} pairs with audited hypotheses{kind}, "
        f"it orders {share} as the reference does; {100 * checked.promised:.0f} % were promised. {verdicts}"
    )
    return Revocation(
        rests_on=certificate.rests_on,
        made_at=now,
        arm=certificate.arm,
        stratum=found.stratum,
        audited=checked.revoked_after or 0,
        message=shortened(message, _MESSAGE_LENGTH),
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")


def _still_known(identified: Mapping[str, str], known: Mapping[str, str]) -> frozenset[str]:
    """Return the names that still stand for the same hypothesis as then."""
    return frozenset(name for name, identity in identified.items() if known.get(name) == identity)
