"""What is to be written down of looks: who has been seen for the first time, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE
from assay.api.version import VERSION
from assay.planning.records.look_records import (
    MOST_MEMBERS,
    MOST_SEEN_TOGETHER,
    Found,
    HypothesesSeen,
    LookRecord,
    LookTaken,
    SeenHypothesis,
    WaveSeen,
)
from assay.planning.trust.yardstick import arm_digest, asked_of, yardstick_of

if TYPE_CHECKING:
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.study import Study
    from assay.planning.trust.proxy_looks import NewLook, ProxyLooks


def looks_to_record(
    study: Study, trust: ProxyLooks, tables: Mapping[str, ScoreTable], now: float
) -> Iterator[LookRecord]:
    """Yield the records of the hypotheses in these tables that have just been seen on both arms, and of new looks.
    `now` is in Unix seconds."""
    if len(study.design.arms) == 1:
        return
    yardstick = yardstick_of(study)
    for arm in study.design.arms[1:]:
        new = list(_new(study, arm, tables))
        for start in range(0, len(new), MOST_SEEN_TOGETHER):
            some = tuple(new[start : start + MOST_SEEN_TOGETHER])
            yield HypothesesSeen(yardstick=yardstick, arm=arm_digest(study, arm), made_at=now, hypotheses=some)
    for look in trust.new:
        yield _taken(study, look, yardstick, now)


def _new(study: Study, arm: str, tables: Mapping[str, ScoreTable]) -> Iterator[SeenHypothesis]:
    reference, proxy = tables[REFERENCE].scores, tables[arm].scores
    known, conditions = study.history.looks.seen.get(arm_digest(study, arm), {}), study.design.conditions
    label = study.spec.hypotheses.cluster_by
    values = {each.name: each.metadata.labels.get(label) for each in study.hypotheses} if label else {}
    scored = reference.present & proxy.present
    for name, at_seeds in zip(reference.hypotheses, scored, strict=True):
        if at_seeds.any() and study.design.members[arm][name] not in known:
            yield SeenHypothesis(
                name=name,
                reference=conditions[name, REFERENCE].digest,
                arm=conditions[name, arm].digest,
                read_from=study.design.read_from.get((name, arm)),
                label=label,
                value=values.get(name),
            )


def _taken(study: Study, look: NewLook, yardstick: str, now: float) -> LookTaken:
    found = {name: value for name, value in asdict(look.certificate).items() if name != "wave"}
    return LookTaken(
        yardstick=yardstick,
        arm=arm_digest(study, look.arm),
        made_at=now,
        asked=asked_of(study),
        number=look.number,
        group=look.group,
        study=study.name,
        arm_name=look.arm,
        rules=VERSION,
        expected=look.expected,
        hypotheses=look.members[:MOST_MEMBERS],
        wave=WaveSeen(**asdict(look.certificate.wave)),
        found=Found(**found),
    )
