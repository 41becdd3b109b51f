"""What a study is by its manifests: they are resolved, and everything that its trials depend on has its digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from assay.api.resources import Hypothesis, ProxyStudy, ProxyStudySpec
from assay.planning.study.kin import kin_of
from assay.planning.study.programs import Program, Surroundings
from assay.ranking.true_orders.kin import Kin
from assay_trainer.contract import Dataset, StatedDataset


@dataclass(frozen=True)
class StudyDefinition:
    """All that a study's design depends on.

    `hypotheses` are the selected ones, the baseline first, then by descending priority.
    `code` gives the digest of the code of each program that the study needs, `surroundings` what else it depends on,
    if on anything.
    `held_out_examples` is how many examples the data set holds out; None where that is not known.
    `datasets` gives each hypothesis' training data; one that is not there trains on `dataset`.
    """

    resource: ProxyStudy
    hypotheses: tuple[Hypothesis, ...]
    code: Mapping[Program, str]
    dataset: Dataset | StatedDataset
    datasets: Mapping[str, Dataset | StatedDataset] = field(default_factory=dict)
    surroundings: Mapping[Program, Surroundings] = field(default_factory=dict)
    held_out_examples: int | None = None

    @cached_property
    def kin(self) -> tuple[Kin, ...]:
        """The ways in which the hypotheses may be kin."""
        return kin_of(self.hypotheses, self.spec.hypotheses.cluster_by)

    @property
    def spec(self) -> ProxyStudySpec:
        """What the study asks for."""
        return self.resource.spec
