"""What the looks so far say about an arm: whether it is decided, what they have spent, and when the next one is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from assay.planning.records.look_records import LookTaken
from assay.planning.trust.yardstick import arm_digest, asked_of
from assay.ranking import Certificate
from assay.ranking.certificates.certification import TestedBefore
from assay.ranking.certificates.growing_backlogs import Backlog, Wave

if TYPE_CHECKING:
    from assay.planning.study.study import Study

Test = tuple[str, str]
"""What is decided about: an arm (the digest of how it trains), and what was asked of it."""


@dataclass(frozen=True)
class ArmLooks:
    """The looks at one arm, by what is asked now, in the order in which they were taken."""

    looks: tuple[LookTaken, ...]
    expected: int | None
    """How large the backlog is expected to become by the spec; what was said before the first look counts."""

    @property
    def last(self) -> LookTaken | None:
        """The last look; None before the first."""
        return self.looks[-1] if self.looks else None

    @cached_property
    def decided(self) -> LookTaken | None:
        """The look that decided; None: none has so far."""
        return next((look for look in self.looks if look.found.decision != "Undecided"), None)

    @cached_property
    def shown(self) -> Certificate | None:
        """The certificate of the look that decided, or else of the last one."""
        look = self.decided or self.last
        return look.certificate() if look else None

    @cached_property
    def backlog(self) -> Backlog:
        """The waves so far. Of looks that were planned together the last counts, which knows best."""
        waves: list[Wave] = []
        before: LookTaken | None = None
        for look in self.looks:
            wave = look.past()
            together = before is not None and before.hypotheses == look.hypotheses and len(wave.planned) > 1
            if together and waves[-1].planned == wave.planned:
                waves.pop()
            waves.append(wave)
            before = look
        return Backlog(tuple(waves), self.looks[0].expected if self.looks else self.expected)

    def goes_on(self, members: frozenset[str], planned: Sequence[int]) -> bool:
        """Return whether these hypotheses, and the numbers of seeds planned for them, are those of the first wave."""
        if not self.looks:
            return True
        first = self.looks[0]
        return (
            all(look.hypotheses == first.hypotheses for look in self.looks)
            and frozenset(first.hypotheses) == members
            and first.wave.planned == tuple(planned)
        )

    def next_seeds(self, hypotheses: int, planned: Sequence[int]) -> int | None:
        """Return the number of seeds of the look that is due at so many hypotheses after the first wave; None: none
        is.

        It is that of the last look once the backlog has grown enough; else a larger one, if that was not planned
        before, or is likely to decide.
        """
        last, due = self.last, self.backlog.next_hypotheses()
        assert last is not None, "after the first wave"
        if due is not None and hypotheses >= due:
            return max(planned[0], min(last.at_seeds, planned[-1]))
        if due is None or hypotheses < last.wave.hypotheses:
            return None
        before = last.at_seeds if last.found.may_change else max(look.wave.planned[-1] for look in self.looks)
        return next((seeds for seeds in planned if seeds > before), None)


def arm_looks(study: Study, arm: str) -> ArmLooks:
    """Return the looks at an arm of the study."""
    found = study.history.looks.looks.get(arm_digest(study, arm), {}).get(asked_of(study), ())
    return ArmLooks(found, study.spec.trust.expected_hypotheses)


def groups_of(study: Study, arms: Iterable[str]) -> Mapping[str, int]:
    """Return the number of the group of each of these arms, from 1 on: that of its first look, or a new one."""
    known, asked = _groups(study), asked_of(study)
    new = max((group for group, _ in known.values()), default=0) + 1
    return {arm: known.get((arm_digest(study, arm), asked), (new, None))[0] for arm in arms}


def other_tests(study: Study, arms: Iterable[str], group: int) -> TestedBefore:
    """Return what else was tested by the same yardstick in the group of these arms, and the group's share of the error.

    Arms that were first looked at together share one error (Holm). Those that were added later, once others had been
    looked at, have less: the g-th group has 1 / g^2 of it, so that all groups together have at most 1.64 times as much
    as the first, however many are added.
    """
    tests = {(arm_digest(study, arm), asked_of(study)) for arm in arms}
    besides = [looks for test, (own, looks) in _groups(study).items() if own == group and test not in tests]
    decisions = [looks.decided.found.decision if looks.decided else None for looks in besides]
    return TestedBefore(
        not_trusted=sum(each != "Trusted" for each in decisions),
        not_refused=sum(each != "NotTrusted" for each in decisions),
        share=1 / group**2,
    )


def _groups(study: Study) -> Mapping[Test, tuple[int, ArmLooks]]:
    """Return the group of all that was ever tested by the study's yardstick, and the looks at it."""
    return {
        (arm, question): (looks[0].group, ArmLooks(looks, None))
        for arm, questions in study.history.looks.looks.items()
        for question, looks in questions.items()
    }
