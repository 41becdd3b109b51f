"""Studies, hypotheses and data set manifests, valid unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.api.resources import (
    DatasetReference,
    HypothesesSelection,
    Hypothesis,
    HypothesisSpec,
    Metric,
    ObjectMeta,
    ProxyArm,
    ProxyStudy,
    ProxyStudySpec,
    ReferenceArm,
    TrainerSpec,
)
from assay_trainer.contract import DatasetManifest, ShardFile, Split


def a_hypothesis(
    name: str, *, labels: Mapping[str, str] | None = None, namespace: str | None = None, **spec: Any
) -> Hypothesis:
    """A hypothesis; `spec` are fields of its spec in snake_case."""
    spec = {"statement": f"{name} helps.", **spec}
    metadata = ObjectMeta(name=name, namespace=namespace, labels=dict(labels or {}))
    return Hypothesis(metadata=metadata, spec=HypothesisSpec(**spec))


def some_hypotheses(count: int) -> tuple[Hypothesis, ...]:
    """The baseline, and others whose recipes differ, `count` in all."""
    others = (a_hypothesis(f"h{index:03d}", recipe={"x": index}) for index in range(1, count))
    return (a_hypothesis("baseline"), *others)


def a_proxy(name: str = "short", **fields: Any) -> ProxyArm:
    """A proxy of one epoch, or with the fields given."""
    return ProxyArm(name=name, **(fields or {"epochs": 1}))


def a_study(
    *, name: str = "digits", namespace: str | None = None, proxies: Sequence[ProxyArm] = (), **spec: Any
) -> ProxyStudy:
    """A study with the reference of 10 epochs at batch size 64; `spec` are fields of its spec in snake_case."""
    defaults = {
        "hypotheses": HypothesesSelection(baseline="baseline"),
        "dataset": DatasetReference(manifest="file:///data/digits/manifest.json"),
        "trainer": TrainerSpec(entrypoint="team.train:run", recipe={"optimizer": "sgd", "learningRate": 0.4}),
        "metric": Metric(name="accuracy"),
        "reference": ReferenceArm(epochs=10, batch_size=64),
    }
    metadata = ObjectMeta(name=name, namespace=namespace)
    return ProxyStudy(metadata=metadata, spec=ProxyStudySpec(proxies=tuple(proxies), **{**defaults, **spec}))


def a_dataset_manifest(*sizes: int) -> DatasetManifest:
    """A data set of 100 and 50 grey images in these sizes (pixels a side)."""

    def split(examples: int) -> Split:
        def shard(name: str, width: int) -> ShardFile:
            return ShardFile(path=name, bytes=examples * width, digest="sha256:" + "0" * 64, examples=examples)

        images = {size: (shard(f"{size}.bin", size * size),) for size in sizes}
        return Split(examples=examples, labels=shard("labels.bin", 8), images=images)

    return DatasetManifest(name="digits", classes=("0", "1"), channels=1, train=split(100), held_out=split(50))


STUDY_YAML = """\
apiVersion: assay.dev/v1alpha1
kind: ProxyStudy
metadata: {name: digits}
spec:
  hypotheses: {baseline: baseline}
  dataset: {manifest: data/manifest.json}
  trainer:
    entrypoint: team.train:run
    recipe: {learningRate: 0.4}
  metric: {name: accuracy, smallestEffect: "0.002"}
  reference: {epochs: 20, imageSize: 28, batchSize: 512}
  proxies:
  - {name: quarter, dataPercent: 25, subset: Random}
  - {name: small, imageSize: 14, recipe: {learningRate: 0.6}}
"""

HYPOTHESIS_YAML = """\
apiVersion: assay.dev/v1alpha1
kind: Hypothesis
metadata: {name: baseline, labels: {backlog: vision}}
spec: {statement: The recipe as it is.}
"""
