"""A study as the planner sees it: the manifests, resolved, and the digests of all that trials depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from assay.api.resources import Hypothesis, ProxyStudy, ProxyStudySpec, ProxyStudyStatus
from assay.api.times import unix_seconds
from assay.planning.records.earlier import NOTHING_EARLIER, Earlier
from assay.planning.records.trust_records import NO_TRUST_RECORDS, TrustRecords
from assay_trainer.contract import Dataset, Input

if TYPE_CHECKING:
    from assay.planning.study.design import Design


class Program(NamedTuple):
    """What trains: a function, and the image that has it. On one machine, where the code is at hand, the image does
    not matter.

    `inputs` are URIs of what it reads by itself, `digested` and `passed` names of variables that it sees: those of
    which the values count, and those of which they do not.
    """

    entrypoint: str
    image: str | None = None
    revision: str | None = None
    inputs: tuple[str, ...] = ()
    digested: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()


class Surroundings(NamedTuple):
    """What a program's inputs hold, and the values of the variables that count; None: one that is not set."""

    inputs: tuple[Input, ...] = ()
    environment: Mapping[str, str | None] = MappingProxyType({})


NO_SURROUNDINGS = Surroundings()
"""Of a program that names none."""


@dataclass(frozen=True)
class Study:
    """Everything about a study, but its trials, that a plan depends on.

    `hypotheses` are the selected ones, the baseline first, then by descending priority.
    `code` gives the digest of the code of each program that the study needs, `surroundings` what else it depends on,
    if on anything.
    `datasets` gives each hypothesis' training data; one that is not there trains on `dataset`.
    `capacity` is how many trials can run at a time, None where something else sees to that (a quota).
    `idle_slots_are_free`: nobody else can use them, as those of one machine; then they may take what is likely to be
    wanted next.
    `criteria_seen` are the digests of the criteria (see `criteria`) under which results were looked at before.
    `trust_records` is what was written down of its certificates; of a study that does not screen, nothing.
    `earlier` is what was written down of how results came about that no longer count.
    `begun_at` is when it first started something (Unix seconds), None if it never did.
    """

    resource: ProxyStudy
    hypotheses: tuple[Hypothesis, ...]
    code: Mapping[Program, str]
    dataset: Dataset
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    surroundings: Mapping[Program, Surroundings] = field(default_factory=dict)
    criteria_seen: frozenset[str] = frozenset()
    trust_records: TrustRecords = NO_TRUST_RECORDS
    earlier: Earlier = NOTHING_EARLIER
    begun_at: float | None = None
    capacity: int | None = None
    idle_slots_are_free: bool = False

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.resource.name

    @property
    def spec(self) -> ProxyStudySpec:
        """What the study asks for."""
        return self.resource.spec

    @property
    def status(self) -> ProxyStudyStatus | None:
        """What was said of the study before."""
        return self.resource.status

    @property
    def generation(self) -> int:
        """Of the spec; 1 where nobody counts."""
        return self.resource.metadata.generation or 1

    @property
    def baseline(self) -> str:
        """Name of the baseline."""
        return self.spec.hypotheses.baseline

    @property
    def created_at(self) -> float | None:
        """When the resource was made, in Unix seconds; None where it is only a file."""
        time = self.resource.metadata.creation_timestamp
        return unix_seconds(time) if time else None

    def having_begun(
        self, at: float | None, criteria: frozenset[str], trust_records: TrustRecords = NO_TRUST_RECORDS
    ) -> Study:
        """The same study, which began then, of which results were looked at under these criteria, and this was written
        down."""
        if (at, criteria, trust_records) == (self.begun_at, self.criteria_seen, self.trust_records):
            return self
        changed = replace(self, begun_at=at, criteria_seen=criteria, trust_records=trust_records)
        vars(changed)["design"] = self.design  # it does not depend on them, and takes longer than the rest of a plan
        return changed

    def knowing(self, earlier: Earlier) -> Study:
        """The same study, of whose earlier work this was written down."""
        if earlier == self.earlier:
            return self
        changed = replace(self, earlier=earlier)
        vars(changed)["design"] = self.design
        return changed

    @cached_property
    def design(self) -> Design:
        """The trials that the study may run, in the order in which they start; worked out once per study object."""
        from assay.planning.study.design import design_of

        return design_of(self)
