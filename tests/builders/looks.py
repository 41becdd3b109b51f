"""Records of looks at trust."""

from __future__ import annotations

from collections.abc import Iterable

from assay.api.resources import REFERENCE
from assay.planning.records.look_records import Found, HypothesesSeen, LookTaken, SeenHypothesis, WaveSeen, member
from assay.planning.study.study import Study
from assay.planning.trust.yardstick import arm_digest, asked_of, yardstick_of
from assay.ranking import Decision


def a_look(
    study: Study,
    arm: str,
    *,
    names: Iterable[str] | None = None,
    removed: Iterable[SeenHypothesis] = (),
    planned: tuple[int, ...] = (3,),
    taken: int = 1,
    number: int = 1,
    group: int = 1,
    decision: Decision = "Undecided",
    may_change: bool = False,
    expected: int | None = None,
    size: float | None = None,
) -> LookTaken:
    """Return a look at an arm of a study: at all of its hypotheses, if no names are given."""
    known = study.design.members[arm]
    looked = tuple(sorted([*(known[name] for name in names or known), *(each.member for each in removed)]))
    count = len(looked)
    return LookTaken(
        yardstick=yardstick_of(study),
        arm=arm_digest(study, arm),
        made_at=1_000_000.0,
        asked=asked_of(study),
        number=number,
        group=group,
        study=study.name,
        arm_name=arm,
        rules="0.1.0",
        expected=expected,
        hypotheses=looked,
        wave=WaveSeen(
            hypotheses=count,
            planned=planned,
            correlations=(0.0 if number == 1 else 0.9, *(0.9,) * (len(planned) - 1)),
            size=float(count) if size is None else size,
            taken=taken,
        ),
        found=Found(
            decision=decision,
            statistic="KendallTau",
            look=taken,
            hypotheses=count,
            seeds=planned[taken - 1],
            tau=0.8,
            value=0.8,
            low=0.5,
            high=0.95,
            corrected=0.85,
            p_value=0.3,
            noise_share=0.2,
            reason="it may be anything",
            needed_hypotheses=60,
            needed_seeds=None,
            needed_message="With about 60 hypotheses it would be certified.",
            may_change=may_change,
            next_hypotheses=count + 2,
        ),
    )


def seen(study: Study, arm: str, *removed: SeenHypothesis) -> HypothesesSeen:
    """Return the record that all hypotheses of a study were seen on an arm, and some that it no longer has."""
    conditions = study.design.conditions
    there = (
        SeenHypothesis(
            name=each.name, reference=conditions[each.name, REFERENCE].digest, arm=conditions[each.name, arm].digest
        )
        for each in study.hypotheses
    )
    return HypothesesSeen(
        yardstick=yardstick_of(study), arm=arm_digest(study, arm), made_at=1_000_000.0, hypotheses=(*there, *removed)
    )


def stranger(name: str) -> SeenHypothesis:
    """Return a hypothesis that no study has."""
    digits = member(name, name)
    return SeenHypothesis(name=name, reference=f"sha256:{digits * 4}", arm=f"sha256:{digits[::-1] * 4}")
