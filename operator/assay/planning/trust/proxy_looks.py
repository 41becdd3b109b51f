"""Testing the proxies at looks: at numbers of seeds that are fixed in advance, once all hypotheses have them, and again
when the backlog has grown."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from assay.api.resources import REFERENCE
from assay.planning.trust.looks_before import ArmLooks, arm_looks, groups_of, other_tests
from assay.planning.trust.removed_hypotheses import Removed, removed_of, those_there, with_removed, with_removed_kin
from assay.ranking import Certificate, Criterion, Scores, certify, look_seeds
from assay.ranking.certificates.certification import TestedBefore
from assay.ranking.certificates.growing_backlogs import Backlog
from assay.ranking.memory import NO_MEMORY, Memory
from assay.ranking.true_orders.kin import Kin

if TYPE_CHECKING:
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.study import Study

SIMULATION_SEED = 20210715
"""The seed of the simulations behind a certificate: the same scores give the same decision, on every machine."""

DEFAULT_PROMOTE = 3
"""How many of the best hypotheses by the proxy `WinnerRegret` looks at if the study does not say."""


@dataclass(frozen=True)
class NewLook:
    """A look that was taken now, and at what."""

    arm: str
    certificate: Certificate
    members: tuple[str, ...]
    expected: int | None
    number: int
    group: int


@dataclass(frozen=True)
class ProxyLooks:
    """What the looks so far have said; `certificates` has each proxy's, and is empty before the first look."""

    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    open_proxies: tuple[str, ...] = ()
    next_look: int | None = None
    """The number of seeds that the open proxies and the reference need for the next look; None if there is none."""
    new: tuple[NewLook, ...] = ()
    """The looks that are to be written down."""
    looked_at: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By proxy, the study's hypotheses that its certificate rests on."""


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


def look_at_proxies(
    study: Study, tables: Mapping[str, ScoreTable], unread: Container[str] = (), memory: Memory = NO_MEMORY
) -> ProxyLooks:
    """Take all looks that are due, and return what they say.

    A look is due when all trials of its seeds have ended on the reference and on every proxy that is still open, so it
    does not depend on which trials were quick. What is decided stays decided, and what a look found stays said until
    the next one. No look is taken at the arms in `unread`.
    """
    arms = [_Arm(study, arm, tables) for arm in study.design.arms if arm != REFERENCE and arm not in unread]
    shown = [_Arm(study, arm, tables) for arm in study.design.arms if arm in unread]
    found = [
        *(_Found(each.name, each.before.shown) for each in shown),
        *(_Found(each.name, each.before.shown) for each in arms if each.before.decided),
        *(one for group in _together(study, [each for each in arms if each.is_first]) for one in _first(group, memory)),
        *(one for group in _together(study, [each for each in arms if each.is_later]) for one in _later(group, memory)),
    ]
    certificates = {each.arm: each.certificate for each in found if each.certificate is not None}
    upcoming = {each.arm: each.upcoming for each in found if each.upcoming is not None}
    next_look = min(upcoming.values(), default=None)
    return ProxyLooks(
        {arm: certificates[arm] for arm in study.design.arms if arm in certificates},
        tuple(each.name for each in arms if upcoming.get(each.name) == next_look) if upcoming else (),
        next_look,
        tuple(each.new for each in found if each.new is not None),
        {each.name: each.looked_at for each in (*arms, *shown) if each.name in certificates},
    )


def look_at_the_end(
    study: Study, tables: Mapping[str, ScoreTable], unread: Container[str] = (), memory: Memory = NO_MEMORY
) -> ProxyLooks:
    """Take one look at the scores there are, for a study that has ended before its first look. No look is taken at the
    arms in `unread`."""
    arms = [_Arm(study, arm, tables) for arm in study.design.arms if arm != REFERENCE and arm not in unread]
    initial = study.spec.seeds.initial
    seeds = {each.name: initial for each in arms}
    found = [one for group in _together(study, arms) for one in group.certified((initial,), seeds, memory)]
    certificates = {each.arm: each.certificate for each in found if each.certificate is not None}
    new = tuple(each.new for each in found if each.new is not None)
    return ProxyLooks(certificates, new=new, looked_at={each.name: each.looked_at for each in arms})


@dataclass(frozen=True)
class _Found:
    """What is known of one proxy now; `upcoming` is the number of seeds of the look that it waits for."""

    arm: str
    certificate: Certificate | None
    upcoming: int | None = None
    new: NewLook | None = None


@dataclass(frozen=True, eq=False)
class _Arm:
    """One proxy with its scores, and with what was seen of it before."""

    study: Study
    name: str
    tables: Mapping[str, ScoreTable]

    @cached_property
    def before(self) -> ArmLooks:
        return arm_looks(self.study, self.name)

    @cached_property
    def planned(self) -> tuple[int, ...]:
        return look_seeds(self.study.spec.seeds.initial, self.study.spec.seeds.maximum)

    @cached_property
    def known(self) -> Mapping[str, str]:
        """What stands for each hypothesis of the study, by name."""
        return self.study.design.members[self.name]

    @cached_property
    def removed(self) -> Removed:
        return removed_of(self.study, self.name)

    @property
    def rounds(self) -> int:
        return min(self.tables[arm].rounds for arm in (REFERENCE, self.name))

    @cached_property
    def present(self) -> tuple[str, ...]:
        """The study's hypotheses that have scores on both arms, or may still have."""
        reference, proxy = (self.tables[arm] for arm in (REFERENCE, self.name))
        scored = (reference.scores.present & proxy.scores.present).any(axis=1)
        may_be = np.minimum(reference.prefix, proxy.prefix) < self.study.design.initial_seeds
        return tuple(name for name, is_in in zip(reference.scores.hypotheses, scored | may_be, strict=True) if is_in)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """What stands for those and for the removed ones, sorted."""
        return tuple(sorted({*(self.known[name] for name in self.present), *self.removed.hypotheses}))

    @cached_property
    def is_first(self) -> bool:
        """Whether it is in its first wave."""
        if self.before.decided:
            return False
        return not self.before.looks or self.before.goes_on(frozenset(self.members), self.planned)

    @property
    def is_later(self) -> bool:
        return not self.before.decided and not self.is_first

    @cached_property
    def due(self) -> int | None:
        """The number of seeds of the look that is due after the first wave; None: none is."""
        return self.before.next_seeds(len(self.members), self.planned)

    def new(self, made: Certificate, group: int) -> NewLook | None:
        """Return the look that made a certificate, if it is to be written down: nothing was tested, or it is there."""
        written = {(look.hypotheses, look.at_seeds) for look in self.before.looks}
        if made.wave.hypotheses == 0 or (self.members, made.wave.planned[made.wave.taken - 1]) in written:
            return None
        return NewLook(self.name, made, self.members, self.before.backlog.expected, len(self.before.looks) + 1, group)

    @property
    def looked_at(self) -> tuple[str, ...]:
        """The study's hypotheses that the certificate rests on."""
        look = self.before.decided
        if look is None:
            return self.tables[REFERENCE].scores.hypotheses
        then = set(look.hypotheses)
        return tuple(name for name in self.tables[REFERENCE].scores.hypotheses if self.known[name] in then)


@dataclass(frozen=True, eq=False)
class _Group:
    """Proxies that share one error."""

    arms: Sequence[_Arm]
    others: TestedBefore
    number: int

    def certified(self, looks: tuple[int, ...], seeds: Mapping[str, int], memory: Memory) -> list[_Found]:
        """Test the proxies of a first wave, of which all `looks` were taken but those to come. `seeds`: of each proxy's
        last look."""
        backlogs = [Backlog((), each.before.backlog.expected) for each in self.arms]
        reached = looks.index(max(seeds.values())) + 1
        return self._certified(looks, reached, seeds, backlogs, {}, memory)

    def certified_later(self, memory: Memory) -> list[_Found]:
        """Test the proxies at looks that are due after their first wave."""
        seeds = {each.name: each.due for each in self.arms if each.due is not None}
        backlogs = [each.before.backlog for each in self.arms]
        return self._certified(self.arms[0].planned, 1, seeds, backlogs, seeds, memory)

    def _certified(
        self,
        looks: tuple[int, ...],
        reached: int,
        seeds: Mapping[str, int],
        backlogs: Sequence[Backlog],
        later: Mapping[str, int],
        memory: Memory,
    ) -> list[_Found]:
        reference, proxies = with_removed(
            self.arms[0].tables[REFERENCE].scores.first_seeds(max(seeds.values())),
            [each.tables[each.name].scores.first_seeds(seeds[each.name]) for each in self.arms],
            [each.removed for each in self.arms],
        )
        names = tuple(each.name for each in self.arms)
        criterion = criterion_of(self.arms[0].study)
        certificates = memory.of(
            _certify,
            reference,
            names,
            tuple(proxies),
            criterion,
            looks,
            reached,
            tuple(backlogs),
            tuple(later.items()),
            self.others,
            with_removed_kin(self.arms[0].study.definition.kin, [each.removed for each in self.arms]),
        )
        made = [(each, certificates[each.name]) for each in self.arms]
        return [_Found(each.name, one, new=each.new(one, self.number)) for each, one in made]


def _together(study: Study, arms: Sequence[_Arm]) -> list[_Group]:
    """Return the groups of proxies that share one error."""
    numbers = groups_of(study, [each.name for each in arms])
    ordered = sorted(arms, key=lambda each: numbers[each.name])
    groups = [(number, list(some)) for number, some in groupby(ordered, key=lambda each: numbers[each.name])]
    return [_Group(some, other_tests(study, [each.name for each in some], number), number) for number, some in groups]


def _first(group: _Group, memory: Memory) -> list[_Found]:
    """Take the looks of the first wave that are due."""
    looks, still_open = group.arms[0].planned, list(group.arms)
    last, due = {each.name: looks[0] for each in group.arms}, 0
    found = [_Found(each.name, each.before.shown) for each in group.arms]
    while still_open and due < len(looks) and min(each.rounds for each in still_open) >= looks[due]:
        last.update({each.name: looks[due] for each in still_open})
        due += 1
        found = group.certified(looks, last, memory)
        may_change = {each.arm for each in found if each.certificate and each.certificate.may_change}
        still_open = [each for each in group.arms if each.name in may_change]
    upcoming = {each.name: looks[due] for each in still_open} if 0 < due < len(looks) else {}
    return [replace(each, upcoming=upcoming.get(each.arm)) for each in found]


def _later(group: _Group, memory: Memory) -> list[_Found]:
    """Take the looks after the first wave that are due; where none is, the last one stays said."""
    ready = [each for each in group.arms if each.due is not None and each.rounds >= each.due]
    found = [_Found(each.name, each.before.shown, each.due) for each in group.arms if each not in ready]
    return [*found, *(_again(group, ready, memory))]


def _again(group: _Group, ready: Sequence[_Arm], memory: Memory) -> list[_Found]:
    if not ready:
        return []
    waiting = group.others.and_open(len(group.arms) - len(ready))
    return _Group(ready, waiting, group.number).certified_later(memory)


def _certify(
    reference: Scores,
    names: tuple[str, ...],
    proxies: Sequence[Scores],
    criterion: Criterion,
    looks: tuple[int, ...],
    reached: int,
    backlogs: tuple[Backlog, ...],
    later: Iterable[tuple[str, int]],
    others: TestedBefore,
    kin: tuple[Kin, ...],
) -> Mapping[str, Certificate]:
    found = certify(
        reference,
        dict(zip(names, proxies, strict=True)),
        criterion,
        looks,
        reached,
        generator=np.random.default_rng(SIMULATION_SEED),
        backlogs=dict(zip(names, backlogs, strict=True)),
        later=dict(later),
        others=others,
        kin=kin,
    )
    # who is gone can't be named any more
    return {name: replace(each, standing_apart=those_there(each.standing_apart)) for name, each in found.items()}
