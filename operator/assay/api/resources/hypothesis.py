"""Hypothesis: one change to the baseline, stated in a sentence."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from assay.api.base import API_VERSION, Model
from assay.api.conditions import Condition
from assay.api.credentials import URI_WITH_CREDENTIALS
from assay.api.extensions import cel, list_map
from assay.api.metadata import ObjectMeta
from assay.api.resources.reads import INPUTS_ARE_URIS, Inputs, TrainerEnvironment
from assay.api.values import ANY_URI, DATA_VERSION, MANIFEST_URI, DecimalString, Entrypoint, FreeForm, Image, Name


class Verdict(StrEnum):
    """What a study says of a hypothesis."""

    BETTER = "Better"
    """The interval of the difference to the baseline is above 0."""
    WORSE = "Worse"
    """It is below 0."""
    EQUIVALENT = "Equivalent"
    """It is within the smallest effect that matters."""
    INCONCLUSIVE = "Inconclusive"
    """None of these: more seeds are needed."""
    BASELINE = "Baseline"
    """The hypothesis is the baseline."""
    FAILED = "Failed"
    """Its own code or recipe fails."""
    UNSTABLE = "Unstable"
    """Some of its seeds fail by its own fault: how well the others do says nothing of those."""


class DatasetReference(Model):
    """A data set: of shards, by its manifest, or any other by its version, which the train function reads itself."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "has(self.manifest) != has(self.version)",
                "either manifest, or version (with uri, if they lie anywhere) for what the train function reads itself",
            ),
            ("!has(self.uri) || has(self.version)", "uri: only together with version, which says what the data are"),
            (
                f"!has(self.uri) || !self.uri.matches('{URI_WITH_CREDENTIALS}')",
                "uri: no password, token or signature in it; podTemplate.env may have them, or the file system",
            ),
        )
    )

    manifest: str | None = Field(
        default=None,
        pattern=MANIFEST_URI,
        max_length=1024,
        description="URI of the data set's manifest.json: s3://… or file:///…. On a cluster it has to be below a "
        "prefix that Assay was installed with. In a file read by `assay` also a path relative to that file.",
    )
    uri: str | None = Field(
        default=None,
        pattern=ANY_URI,
        min_length=3,
        max_length=1024,
        description="Where data are that the train function reads by itself: any URI, which nothing else opens or "
        "checks. Only together with version. In a file read by `assay` also a path relative to that file.",
    )
    version: str | None = Field(
        default=None,
        pattern=DATA_VERSION,
        min_length=1,
        max_length=128,
        description="Instead of manifest: which version these data are, in your own words. It and the last part of "
        "uri (the name of the data) are in the trial keys, and nothing else: data that change need a new version, data "
        "that move do not.",
    )

    @property
    def address(self) -> str:
        """What names it to a reader."""
        return self.manifest or self.uri or f"version {self.version}"


class TrainerOverride(Model):
    """Other code than the study's, a branch, or what else it reads. What is left out is the study's."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "!has(self.image) || self.image.contains('@sha256:')",
                "image: must be given by digest (name@sha256:…), since a tag may come to mean other code",
            ),
            INPUTS_ARE_URIS,
        )
    )

    image: Image | None = Field(
        default=None, description="Container image, by digest. Used on Kubernetes only. Default: the study's."
    )
    entrypoint: Entrypoint | None = Field(
        default=None, description="Train function as module:function. Default: the study's."
    )
    inputs: Inputs | None = None
    environment: TrainerEnvironment | None = Field(
        default=None, description="Which environment variables the train function may see. Default: the study's."
    )


class HypothesisSpec(Model):
    """One change to the baseline: to the recipe, to the code, or to the training data."""

    statement: str = Field(
        min_length=1, max_length=1024, description="The claim, in a sentence of 1 to 1024 characters."
    )
    priority: int = Field(
        default=0, ge=-1_000_000, le=1_000_000, description="Higher is tried first; -1000000 to 1000000."
    )
    recipe: FreeForm = Field(
        default={},
        description="Changes to the recipe, as a JSON merge patch (RFC 7396): null removes a key. At most 256 keys.",
    )
    trainer: TrainerOverride | None = Field(default=None, description="Other code than the study's.")
    dataset: DatasetReference | None = Field(
        default=None, description="Other training data than the study's; the held-out split stays the study's."
    )


class StudyVerdict(Model):
    """What one study says of the hypothesis."""

    name: Name = Field(description="Name of the study.")
    verdict: Verdict = Field(description="What the study says of the hypothesis against its baseline.")
    observed_generation: int | None = Field(
        default=None, ge=0, description="The hypothesis' metadata.generation that the study has looked at."
    )
    difference: DecimalString | None = Field(
        default=None, description="Score minus the baseline's, in the metric's unit."
    )
    low: DecimalString | None = Field(default=None, description="Lower end of the difference's interval.")
    high: DecimalString | None = Field(default=None, description="Upper end of the difference's interval.")
    rank: int | None = Field(default=None, ge=1, description="Rank in the study; 1 is the best.")
    rank_low: int | None = Field(default=None, ge=1, description="Best rank that the data allow.")
    rank_high: int | None = Field(default=None, ge=1, description="Worst rank that the data allow.")
    arm: Name | None = Field(default=None, description="Arm that the verdict comes from.")
    seeds: int | None = Field(
        default=None, ge=0, description="Seeds on that arm that did not fail; absent if none failed."
    )
    failed_seeds: int | None = Field(default=None, ge=1, description="Seeds on that arm that failed.")


class HypothesisStatus(Model):
    """What the studies that select the hypothesis have found."""

    observed_generation: int | None = Field(
        default=None, ge=0, description="The metadata.generation that the status is about."
    )
    conditions: tuple[Condition, ...] = Field(
        default=(), max_length=8, description="State of the hypothesis.", json_schema_extra=list_map("type")
    )
    selected_by: str | None = Field(
        default=None, max_length=512, description="The studies that select it, with commas; the first of them, if many."
    )
    verdicts: str | None = Field(
        default=None,
        max_length=512,
        description="What each of them says of it as it is now, in the same order; open: nothing yet.",
    )
    studies: tuple[StudyVerdict, ...] = Field(
        default=(), max_length=64, description="One entry per study, at most 64.", json_schema_extra=list_map("name")
    )


class Hypothesis(Model):
    """One change to the baseline, stated in a sentence."""

    api_version: Literal["assay.dev/v1alpha1"] = API_VERSION
    kind: Literal["Hypothesis"] = "Hypothesis"
    metadata: ObjectMeta = Field(description="Name and labels.")
    spec: HypothesisSpec = Field(description="What is claimed, and what it changes.")
    status: HypothesisStatus | None = Field(default=None, description="What is known of it.")

    @property
    def name(self) -> str:
        """Its name."""
        return self.metadata.name
