"""May a proxy be trusted? The statement that an agreement statistic reaches a threshold, with its error probability.

**What is claimed**: see `Criterion`. All statistics are those of the true scores, over all seeds. A certificate speaks
of the proxy itself, so the seed noise of both arms is corrected for.

**How.** The tau test is inverted. Pairs of scores are simulated, normal with any correlation, with the seed noise of
both arms (and the part of it that they share). This gives draws of the true scores' correlation that fit the observed
tau. The other statistics follow from that correlation (`estimands`).

**Looks.** Trust is tested at a few numbers of seeds that are fixed in advance, each time on the first so many seeds of
all hypotheses. The error is spent over these looks (`error_spending`), and over those at a backlog that has grown since
(`growing_backlogs`). What is decided at a look stays decided.

**Several proxies** are corrected for by Holm's procedure: with probability `confidence` no proxy at all is trusted
falsely, and with the same probability none is refused falsely. Proxies that were tested before share the error.

**The interval** holds the values that the tests do not reject: see `interval`.

**Ties** between means count one half for the lower end of the interval and are left out (tau-b) for the upper end, so
that neither decision profits from them. **Missing scores**: see `scores.balanced`.

`benchmarks/trust.py` measures the error rates, the coverage and the power.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy

from assay.ranking.certificates.certificate import Certificate, Decision
from assay.ranking.certificates.criterion import Criterion
from assay.ranking.certificates.error_spending import Spending
from assay.ranking.certificates.evidence import Evidence, evidence_of
from assay.ranking.certificates.growing_backlogs import NO_BACKLOG, NOTHING_SEEN, Backlog, Wave
from assay.ranking.certificates.holm import first_rejections
from assay.ranking.certificates.interval import BEYOND, EndErrors, interval
from assay.ranking.certificates.look import Look
from assay.ranking.certificates.needed import LevelsAhead, OutOfReach, what_it_takes
from assay.ranking.memory import Memory
from assay.ranking.orders.tau import expected_tau
from assay.ranking.scores import Scores
from assay.ranking.true_orders.kin import Kin

LIKELY_ENOUGH = 0.1
"""A later look may change the decision if, by the estimate so far, it decides with at least this probability."""

_LOOKED_UP = 64
"""How many answers the looks of one call share: simulated backlogs, and the correlations that reach the thresholds."""


@dataclass(frozen=True)
class TestedBefore:
    """How many proxies were tested before, and are not among those that are tested now, by what was not found."""

    not_trusted: int = 0
    """How many of them were not found good enough."""
    not_refused: int = 0
    """How many of them were not found too poor."""
    share: float = 1.0
    """The share in (0, 1] of the error that is left for those that are tested now."""

    def and_open(self, more: int) -> TestedBefore:
        """Return the same with so many more of which neither was found."""
        return replace(self, not_trusted=self.not_trusted + more, not_refused=self.not_refused + more)


NOTHING_ELSE_TESTED = TestedBefore()


def certify(
    reference: Scores,
    proxies: Mapping[str, Scores],
    criterion: Criterion,
    looks: Sequence[int],
    reached: int,
    *,
    generator: np.random.Generator,
    draws: int | None = None,
    memory: Memory | None = None,
    backlogs: Mapping[str, Backlog] | None = None,
    later: Mapping[str, int] | None = None,
    others: TestedBefore = NOTHING_ELSE_TESTED,
    kin: Sequence[Kin] = (),
) -> dict[str, Certificate]:
    """Return one certificate for each proxy, in the order given.

    `looks`: the planned numbers of seeds, ascending. The first `reached` of them are complete: of their seeds, which
    are the first ones of `reference`, no trial is still to end (where one failed, the score is missing). A proxy that
    has no score at the seeds which are new at a look has been dropped; its last look before that counts. `draws`: the
    number of simulated studies; None: 4 000, fewer from 64 hypotheses on. `memory`: keeps simulated backlogs, which do
    not depend on the scores, for further calls; None: they are kept for this call alone. `kin`: the ways in which
    hypotheses may be kin; one that is declared is taken, others where the scores show it (see `families_among`).

    `backlogs`: by proxy, how it was looked at with fewer hypotheses. `later`: the proxies of which this is a further
    look at a backlog that has grown, with the number of seeds of that one look; the others are at their first wave,
    whose `looks` are planned. `others`: how many proxies were tested before and are not among these.

    The same state of the generator gives the same certificates, whatever the order of the proxies. Raises ValueError on
    looks out of order, or more than there are seeds.
    """
    looks = tuple(looks)
    if not looks or looks[0] < 1 or any(later <= earlier for earlier, later in pairwise(looks)):
        raise ValueError(f"looks: {looks}, allowed are ascending numbers of seeds from 1 on, at least one")
    if not 1 <= reached <= len(looks):
        raise ValueError(f"reached: {reached}, allowed are 1 to {len(looks)} (the number of planned looks)")
    if looks[reached - 1] > len(reference.seeds):
        raise ValueError(f"looks: {looks[reached - 1]} seeds reached, and the reference has {len(reference.seeds)}")
    memory = Memory(_LOOKED_UP) if memory is None else memory
    seed = int(generator.integers(2**63))
    later, backlogs = later or {}, backlogs or {}
    planned = {name: (later[name],) if name in later else looks for name in proxies}
    tests = {
        name: [
            Look.at(reference, proxy, reference.seeds[:count], criterion, memory, tuple(kin))
            for count in planned[name][: _last_look(reference, proxy, planned[name][:reached])]
        ]
        for name, proxy in proxies.items()
    }
    testable = [look for each in tests.values() for look in each if look.untested is None]
    evidence = dict(zip(map(id, testable), evidence_of(testable, seed, draws), strict=True))
    courses = [
        _Course(each, [evidence.get(id(look)) for look in each], planned[name], backlogs.get(name, NO_BACKLOG), looks)
        for name, each in tests.items()
    ]
    return dict(zip(proxies, _decided(courses, criterion, reached, others), strict=True))


def _last_look(reference: Scores, proxy: Scores, looks: Sequence[int]) -> int:
    """Return the last look at whose new seeds the proxy has a score; the first look if there is none."""
    scored = {seed for seed, column in zip(proxy.seeds, proxy.present.T, strict=True) if column.any()}
    begins = (0, *looks[:-1])
    new = [scored.intersection(reference.seeds[begin:end]) for begin, end in zip(begins, looks, strict=True)]
    return max((at for at, seeds in enumerate(new, start=1) if seeds), default=1)


@dataclass(frozen=True, eq=False)
class _Course:
    """One proxy over the looks so far."""

    tests: Sequence[Look]
    evidence: Sequence[Evidence | None]
    planned: tuple[int, ...]
    backlog: Backlog
    looks: tuple[int, ...]
    """The numbers of seeds at which the study plans looks: a later wave may be followed by one with more seeds."""

    @cached_property
    def waves(self) -> tuple[Wave, ...]:
        """The wave as it is seen at each look so far, by the noise that is known at it."""
        last = self.backlog.waves[-1] if self.backlog.waves else None
        return tuple(
            Wave.after(last, test.hypotheses, self.planned, test.noise, test.trusted_from) if found else NOTHING_SEEN
            for test, found in zip(self.tests, self.evidence, strict=True)
        )

    @cached_property
    def spending(self) -> tuple[Spending, ...]:
        """The levels at each look so far."""
        return tuple(map(self.backlog.spending, self.waves))

    def level_ahead(self, look: int, seeds: int, error: float) -> float:
        """Return the level of a later look at the same hypotheses, at one error of all looks together."""
        if seeds in self.planned:
            return float(self.spending[look - 1].nominal(error))
        test, wave = self.tests[look - 1], self.waves[look - 1]
        later = Wave.after(wave, test.hypotheses, (seeds,), test.noise, test.trusted_from)
        return self.backlog.followed_by(wave).level(later, error)

    def p_values(self, at: int) -> tuple[float, float]:
        """Return two p-values, for all planned looks together: that the proxy is not good enough, and that it is."""
        test, found = self.tests[at], self.evidence[at]
        if found is None:
            decision = test.untested.decision if test.untested else "Undecided"
            return float(decision != "Trusted"), float(decision != "NotTrusted")
        overall = self.spending[at].overall
        return (
            float(overall(found.p_trusted(test.trusted_from))),
            float(overall(found.p_refused(test.refused_below))),
        )


def _decided(courses: Sequence[_Course], criterion: Criterion, reached: int, others: TestedBefore) -> list[Certificate]:
    p_values = np.ones((2, reached, len(courses)))
    error = criterion.error * others.share
    for column, course in enumerate(courses):
        for at in range(len(course.tests)):
            p_values[:, at, column] = course.p_values(at)
    trusted, adjusted = first_rejections(p_values[0], error, others.not_trusted)
    refused, _ = first_rejections(p_values[1], error, others.not_refused)
    certificates = []
    for column, course in enumerate(courses):
        first = [int(each[column]) for each in (trusted, refused)]
        look = min((each for each in first if each), default=len(course.tests))
        decision: Decision = "Undecided"
        if any(first):
            decision = "Trusted" if first[0] == look else "NotTrusted"
        # a proxy that is dropped, or was decided by what others freed, is shown at its own last look
        shown = min(look, len(course.tests))
        # each side's error is shared by those proxies that are open on that side
        at = max(look, reached) if decision == "Undecided" else look
        still_open = [
            max(len(courses) - int(((each > 0) & (each <= at)).sum()) + besides, 1)
            for each, besides in ((trusted, others.not_trusted), (refused, others.not_refused))
        ]
        all_of_them = len(courses) + max(others.not_trusted, others.not_refused)
        errors = EndErrors(error / still_open[0], error / still_open[1], BEYOND * error / all_of_them)
        p_value = min(float(adjusted[at - 1, column]) / others.share, 1.0)
        certificates.append(_certificate(course, criterion, decision, shown, errors, p_value))
    return certificates


def _certificate(
    course: _Course, criterion: Criterion, decision: Decision, look: int, errors: EndErrors, p_value: float
) -> Certificate:
    planned = course.planned
    test, found, spending = course.tests[look - 1], course.evidence[look - 1], course.spending[look - 1]
    untested = test.untested
    certificate = Certificate(
        decision=decision,
        statistic=criterion.statistic,
        # a later wave is a look at one of the planned numbers of seeds, too
        look=max(sum(seeds <= course.planned[0] for seeds in course.looks), 1) if course.backlog.waves else look,
        hypotheses=test.hypotheses,
        seeds=test.seeds,
        tau=test.tau,
        value=test.value,
        low=None,
        high=None,
        corrected=test.corrected,
        p_value=None,
        noise_share=None,
        reason=untested.reason if untested else "",
        needed_hypotheses=None,
        needed_seeds=None,
        needed_message=untested.message if untested else "",
        may_change=bool(untested and untested.more_seeds_help and decision == "Undecided" and look < len(planned)),
        wave=replace(course.waves[look - 1], taken=look),
        next_hypotheses=None,
        kin=test.families.name if test.families else "",
        families=test.families.count if test.families else None,
        effective_hypotheses=round(test.effective_hypotheses) if test.families else None,
        standing_apart=test.standing_apart,
    )
    if found is None:
        return certificate
    low, high = interval(test, found, spending, decision, errors)
    level = float(spending.nominal(errors.trusted))
    limits = _limits(test, found, level)
    backlog = course.backlog.followed_by(certificate.wave)
    needs = what_it_takes(test, criterion, decision, limits, LevelsAhead(test, backlog, level, errors.trusted))
    # the tau to be expected, with this noise, of a proxy whose true order is the reference's
    at_best = float(expected_tau(test.noise.observed(1.0, test.seeds)))
    assert test.tau is not None
    return replace(
        certificate,
        low=low,
        high=high,
        p_value=p_value,
        noise_share=float(np.clip((1 - at_best) / (1 - test.tau), 0.0, 1.0)) if test.tau < 1 else None,
        reason=_reason(test, criterion, decision, low, high),
        needed_hypotheses=needs.hypotheses,
        needed_seeds=needs.seeds,
        needed_message=needs.message,
        may_change=decision == "Undecided" and _likely(course, look, errors, limits) >= LIKELY_ENOUGH,
        next_hypotheses=backlog.next_hypotheses() if decision == "Undecided" else None,
    )


def _limits(test: Look, found: Evidence, level: float) -> OutOfReach:
    too_noisy = found.lower(found.low_if_perfect, level) < test.trusted_from
    return OutOfReach(too_few=too_noisy and found.lower(found.at_best, level) < test.trusted_from, too_noisy=too_noisy)


def _likely(course: _Course, look: int, errors: EndErrors, limits: OutOfReach) -> float:
    """Return how likely a later look decides, if this look's finding is all that is known of the true value.

    This is predictive power (Jennison & Turnbull 2000, chapter 10). With R the ratio of the later look's information to
    this one's, the statistic at the later look is normal around this one's times sqrt(R), with variance R - 1.
    """
    test, found = course.tests[look - 1], course.evidence[look - 1]
    assert found is not None
    now = course.planned[look - 1]
    ahead = course.planned[look:] or [seeds for seeds in course.looks if course.backlog.waves and seeds > now]
    at_look, *information = test.noise.over_looks(test.trusted_from, test.hypotheses, (now, *ahead))
    likely = 0.0
    for seeds, later in zip(ahead, information, strict=True):
        gain = max(later / at_look - 1, 1e-9)
        both = 0.0
        for p_value, error, possible in (
            (found.p_trusted(test.trusted_from), errors.trusted, not limits.too_few),
            (found.p_refused(test.refused_below), errors.refused, True),
        ):
            critical = -scipy.special.ndtri(max(course.level_ahead(look, seeds, error), 1e-12))
            expected = -scipy.special.ndtri(min(p_value, 1 - 1e-9)) * np.sqrt(1 + gain)
            both += possible * float(scipy.special.ndtr((expected - critical) / np.sqrt(gain)))
        likely = max(likely, both)
    return likely


def _reason(test: Look, criterion: Criterion, decision: Decision, low: float, high: float) -> str:
    sure = f"with {100 * criterion.confidence:g} % confidence"
    if decision == "Trusted":
        return f"{criterion.quantity} is at least {criterion.threshold:g} {sure}"
    if decision == "NotTrusted":
        return f"{criterion.quantity} is below {criterion.threshold:g} {sure}"
    anything = f"{low:.2f} to {high:.2f}"
    reason = (
        test.indistinct() or f"{criterion.quantity} may be anything from {anything}, so {criterion.threshold:g} or not"
    )
    if test.may_share_mostly_noise:
        reason += "; most of what the two orders have in common may be noise that they share"
    return reason
