"""A study as the planner sees it: what it is, what it may run, what was written down of it, and where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from assay.api.quantities import bytes_of
from assay.api.resources import REFERENCE, GeneraliseTo, Hypothesis, ProxyStudy, ProxyStudySpec, ProxyStudyStatus
from assay.api.times import unix_seconds_or_none
from assay.planning.records.earlier import Earlier
from assay.planning.records.records import Terms
from assay.planning.records.reported_examples import NO_EXAMPLES, ReportedExamples
from assay.planning.study.capacity import NO_LIMIT, Capacity
from assay.planning.study.definition import StudyDefinition
from assay.planning.study.design import Design, design_of
from assay.planning.study.history import NO_HISTORY, History
from assay.planning.study.looks import Looks, fresh_from, looks_of
from assay.ranking import ExampleErrors


@dataclass(frozen=True)
class Study:
    """Everything about a study, but its trials, that a plan depends on.

    `design` is worked out from the definition once, which takes longer than the rest of a plan: make a study with
    `Study.of`, and another history or capacity for it with `dataclasses.replace`.
    """

    definition: StudyDefinition
    design: Design
    history: History = NO_HISTORY
    capacity: Capacity = NO_LIMIT

    @classmethod
    def of(cls, definition: StudyDefinition, *, history: History = NO_HISTORY, capacity: Capacity = NO_LIMIT) -> Self:
        """Make the study of a definition, with its design."""
        return cls(definition, design_of(definition), history, capacity)

    def knowing(self, earlier: Earlier, examples: ReportedExamples = NO_EXAMPLES) -> Study:
        """Return the same study, with `earlier` as what was written down of how its earlier results were made, and
        `examples` as what trials said of the held-out examples."""
        return replace(self, history=replace(self.history, earlier=earlier, examples=examples))

    @property
    def fresh_examples(self) -> ExampleErrors | None:
        """What the held-out examples add to the noise of differences; None if verdicts are about these alone."""
        is_asked = self.spec.verdicts.generalise_to == GeneraliseTo.FRESH_EXAMPLES
        return self.history.examples.errors if is_asked else None

    @property
    def resource(self) -> ProxyStudy:
        """The study's manifest."""
        return self.definition.resource

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """The selected hypotheses, the baseline first, then by descending priority."""
        return self.definition.hypotheses

    @property
    def name(self) -> str:
        """The study's name."""
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
        """The generation of the spec; 1 where nobody counts."""
        return self.resource.metadata.generation or 1

    @property
    def baseline(self) -> str:
        """The baseline's name."""
        return self.spec.hypotheses.baseline

    @cached_property
    def looks(self) -> Looks:
        """At which numbers of seeds scores are looked at, by what was seen before."""
        if not self.history.edits:
            return Looks(self.spec.seeds.initial, self.spec.seeds.maximum)
        present = frozenset(self._runs(hypothesis.name) for hypothesis in self.hypotheses)
        return looks_of(self.spec.seeds, self.history.edits, self.design.ground[REFERENCE], present)

    @cached_property
    def compared_from(self) -> int:
        """The first seed by which hypotheses are compared with the baseline: 0, unless that was chosen by its score."""
        ground = self.design.ground[REFERENCE]
        return fresh_from(self.history.edits, ground, self.baseline, self._runs(self.baseline))

    @property
    def covers_baseline(self) -> bool:
        """Whether the study has so many seeds that a baseline that was chosen by its score can be compared at all."""
        return self.compared_from == 0 or self.compared_from + self.looks.initial <= self.spec.seeds.maximum

    def _runs(self, hypothesis: str) -> str:
        return self.design.conditions[hypothesis, REFERENCE].digest

    @property
    def created_at(self) -> float | None:
        """When the resource was made, in Unix seconds; None where it is only a file."""
        return unix_seconds_or_none(self.resource.metadata.creation_timestamp)

    @cached_property
    def terms(self) -> Terms:
        """The terms on which its trials may fail."""
        trainer = self.spec.trainer
        resources = trainer.pod_template.resources if trainer.pod_template else None
        limit = resources.limits.get("memory") if resources else None
        return Terms(
            trainer.retries,
            trainer.deadline_seconds,
            self.spec.metric.name,
            bytes_of(limit) if limit is not None else None,
        )

    @cached_property
    def terms_of(self) -> Mapping[str, Terms]:
        """The terms of the trials of each arm: those on which they may fail, by the metric that it is ranked by."""
        return {arm: self.terms._replace(metric=ranked_by.name) for arm, ranked_by in self.design.metrics.items()}

    @property
    def most_at_a_time(self) -> int | None:
        """How many trials may run at the same time by the spec and by the place; None: neither says."""
        limits = (self.spec.budget.parallelism, self.capacity.slots)
        return min((limit for limit in limits if limit is not None), default=None)
