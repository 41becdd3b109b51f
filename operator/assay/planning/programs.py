"""Which program each hypothesis runs, and which one scores examples for core-sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.planning.study import Program

if TYPE_CHECKING:
    from assay.api.resources import Hypothesis, ProxyStudySpec

SCORING_ENTRYPOINT = "assay_trainer.vision:train"
"""Whose network scores the examples for a core-set, whatever the study's own entry point is."""


def program_of(spec: ProxyStudySpec, hypothesis: Hypothesis) -> Program:
    """The hypothesis' own image and entry point, each where it has one, else the study's."""
    own, study = hypothesis.spec.trainer, spec.trainer
    entrypoint = (own and own.entrypoint) or study.entrypoint
    if own and own.image:
        return Program(entrypoint, own.image)
    return Program(entrypoint, study.image, study.revision)


def scoring_program(spec: ProxyStudySpec) -> Program:
    """Ours, in the study's image."""
    return Program(SCORING_ENTRYPOINT, spec.trainer.image, spec.trainer.revision)
