"""Which screened hypotheses are drawn to be audited: by lot within each stratum, whatever their scores are.

Each hypothesis has a lot: a number that depends on the screening's seed and on the hypothesis alone. A hypothesis is
audited if its lot is below `auditPercent`; in a stratum with too few of these, the next higher lots are audited as
well. Who was drawn stays drawn, which is why draws are written down: a hypothesis that is added later may have a lower
lot than the last one that was drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from assay.ranking.screening.selection import lot

if TYPE_CHECKING:
    from assay.planning.study.study import Study

AT_LEAST = 3
"""How many hypotheses of each stratum are audited besides the promoted ones, however low the percentage is."""

NO_LABEL = "(none)"
"""The stratum of the hypotheses that lack the label."""


@dataclass(frozen=True)
class AuditDraws:
    """The lots of the screened hypotheses, and who was drawn before."""

    lots: Mapping[str, float]
    """By hypothesis, in [0, 1)."""
    strata: Mapping[str, str]
    """By hypothesis."""
    percent: int
    """The study's `auditPercent`."""
    before: tuple[str, ...]
    """The hypotheses that were drawn earlier, in that order."""

    @cached_property
    def by_stratum(self) -> Mapping[str, tuple[str, ...]]:
        """The hypotheses by stratum, the lowest lot first; the strata are in the order of their names."""
        ordered = sorted(self.lots, key=lambda name: (self.lots[name], name))
        return {
            stratum: tuple(name for name in ordered if self.strata[name] == stratum)
            for stratum in sorted(set(self.strata.values()))
        }

    def drawn(self, promoted: Collection[str]) -> tuple[str, ...]:
        """Return who is audited, in the order of the draws; with a percentage of 0 nobody new.

        Promoted hypotheses may be among them, and count in the audit as any other: without them the audited ones
        would be a selection by score. They don't count towards the number that each stratum has at least.
        """
        base = set(self.before)
        if self.percent > 0:
            base |= {name for name, own in self.lots.items() if 100 * own < self.percent}
            for members in self.by_stratum.values():
                self._fill(base, members, (), AT_LEAST)
        drawn = self._appended(self.before, base)
        # only now the others: the order must not depend on whether it was known from the start who is promoted
        if self.percent > 0:
            for members in self.by_stratum.values():
                self._fill(base, members, promoted, AT_LEAST)
        return self._appended(drawn, base)

    def doubled(self, drawn: Sequence[str], strata: Collection[str]) -> tuple[str, ...]:
        """Return those that are drawn, and as many again in each of these strata."""
        chosen = set(drawn)
        for stratum in strata:
            members = self.by_stratum[stratum]
            self._fill(chosen, members, (), 2 * len(chosen.intersection(members)))
        return self._appended(drawn, chosen)

    def _fill(self, chosen: set[str], members: Sequence[str], apart: Collection[str], number: int) -> None:
        """Choose members by lot until `number` of them are chosen, not counting those `apart`."""
        count = sum(name in chosen and name not in apart for name in members)
        for name in members:
            if count >= number:
                return
            if name not in chosen:
                chosen.add(name)
                count += name not in apart

    def _appended(self, drawn: Sequence[str], chosen: Collection[str]) -> tuple[str, ...]:
        return (*drawn, *sorted(set(chosen) - set(drawn), key=lambda name: (self.lots[name], name)))


def audit_draws(
    study: Study, screened: Sequence[str], identities: Mapping[str, str], before: Mapping[str, str]
) -> AuditDraws:
    """Draw among a study's screened hypotheses. `before` has the hypotheses that were drawn earlier: by name, the
    digest of each at that time. A hypothesis that has changed since counts as not drawn."""
    screening = study.spec.screening
    assert screening is not None, "draws are of studies that screen"
    label = screening.stratify_by
    labels = {hypothesis.name: hypothesis.metadata.labels for hypothesis in study.hypotheses}
    return AuditDraws(
        lots={name: lot(screening.seed, name, identities[name]) for name in screened},
        strata={name: labels[name].get(label, NO_LABEL) if label else NO_LABEL for name in screened},
        percent=screening.audit_percent,
        before=tuple(name for name, identity in before.items() if name in screened and identities[name] == identity),
    )
