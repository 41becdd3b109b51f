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
    ProxyStudyStatus,
    ReferenceArm,
    TrainerSpec,
)
from assay_trainer.contract import DatasetManifest, ShardFile, Split


def a_hypothesis(
    name: str, *, labels: Mapping[str, str] | None = None, namespace: str | None = None, **spec: Any
) -> Hypothesis:
    """Return a hypothesis; `spec` are fields of its spec in snake_case."""
    spec = {"statement": f"{name} helps.", **spec}
    metadata = ObjectMeta(name=name, namespace=namespace, labels=dict(labels or {}))
    return Hypothesis(metadata=metadata, spec=HypothesisSpec(**spec))


def some_hypotheses(count: int) -> tuple[Hypothesis, ...]:
    """Return `count` hypotheses: the baseline, and others whose recipes differ."""
    others = (a_hypothesis(f"h{index:03d}", recipe={"x": index}) for index in range(1, count))
    return (a_hypothesis("baseline"), *others)


def a_proxy(name: str = "short", **fields: Any) -> ProxyArm:
    """Return a proxy of one epoch, or with the given fields."""
    return ProxyArm(name=name, **(fields or {"epochs": 1}))


def a_proxy_study(
    *,
    name: str = "digits",
    namespace: str | None = None,
    uid: str | None = None,
    generation: int | None = None,
    status: ProxyStudyStatus | None = None,
    proxies: Sequence[ProxyArm] = (),
    **spec: Any,
) -> ProxyStudy:
    """Return a study's resource: its reference takes 10 epochs at batch size 64; `spec` are fields in snake_case.

    One that came from the API server has a `uid` and a `generation`. What the planner calls a study is made by
    `studies.a_study`."""
    defaults = {
        "hypotheses": HypothesesSelection(baseline="baseline"),
        "dataset": DatasetReference(manifest="file:///data/digits/manifest.json"),
        "trainer": TrainerSpec(entrypoint="team.train:run", recipe={"optimizer": "sgd", "learningRate": 0.4}),
        "metric": Metric(name="accuracy"),
        "reference": ReferenceArm(epochs=10, batch_size=64),
    }
    metadata = ObjectMeta(name=name, namespace=namespace, uid=uid, generation=generation)
    fields = ProxyStudySpec(proxies=tuple(proxies), **{**defaults, **spec})
    return ProxyStudy(metadata=metadata, spec=fields, status=status)


def a_dataset_manifest(*sizes: int) -> DatasetManifest:
    """Return a data set of 100 and 50 grey images in these sizes (pixels a side)."""

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

EVERY_FIELD_YAML = """\
apiVersion: assay.dev/v1alpha1
kind: Hypothesis
metadata: {name: label-smoothing, labels: {backlog: vision}}
spec:
  statement: Label smoothing of 0.1 raises accuracy at no cost.
  priority: 10
  recipe: {labelSmoothing: 0.1}
  trainer: {image: registry.example/assay-trainer@sha256:0123, entrypoint: team.train:run}
  dataset: {manifest: ../cleaned/manifest.json}
---
apiVersion: assay.dev/v1alpha1
kind: ProxyStudy
metadata: {name: fashion}
spec:
  question: RankAll
  hypotheses:
    baseline: label-smoothing
    selector: {matchLabels: {backlog: vision}, matchExpressions: [{key: draft, operator: DoesNotExist}]}
  dataset: {manifest: s3://datasets/fashion/manifest.json}
  trainer:
    image: registry.example/assay-trainer:v1
    revision: 3f2c1a
    entrypoint: assay_trainer.vision:train
    recipe: {architecture: resnet9, optimizer: sgd, learningRate: 0.4}
    devices: 1
    packing: {trials: 1}
    deadlineSeconds: 3600
    retries: 2
    podTemplate:
      resources: {requests: {cpu: 2, memory: 8Gi}, limits: {nvidia.com/gpu: 1}}
      tolerations: [{key: gpu, operator: Exists}]
      env: [{name: LEVEL, value: info}, {name: TOKEN, valueFrom: {secretKeyRef: {name: tracker, key: token}}}]
      imagePullSecrets: [{name: registry}]
    queueName: gpu-queue
  metric: {name: accuracy, goal: Maximize, smallestEffect: "0.002"}
  reference: {epochs: 20, imageSize: 28, batchSize: 512, dataPercent: 100}
  proxies:
  - {name: quarter, dataPercent: 25, subset: Random}
  - {name: coreset, dataPercent: 25, subset: EL2N}
  - {name: short, epochs: 5}
  - {name: small, imageSize: 14, batchSize: 1024, recipe: {learningRate: 0.6}}
  seeds: {initial: 3, maximum: 10}
  trust: {statistic: KendallTau, threshold: "0.8", confidencePercent: 95}
  verdicts: {confidencePercent: 95, correction: FamilyWise}
  screening: {promote: 3, auditPercent: 10, seed: 0, stratifyBy: kind}
  budget: {acceleratorSeconds: 360000, deadlineSeconds: 86400, maxFailedTrials: 5, parallelism: 8}
  retention: {finishedJobsSeconds: 3600}
  suspend: false
"""
