"""What studies and hypotheses may say of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from assay.api.checks.check import check_study
from assay.api.resources import (
    DatasetReference,
    HypothesesSelection,
    Hypothesis,
    LabelSelector,
    ProxyArm,
    ProxyStudy,
    ReferenceArm,
    Subset,
    TrainerOverride,
    TrainerSpec,
)
from builders.any_data import stated
from builders.manifests import a_hypothesis, a_proxy_study

MANIFEST = DatasetReference(manifest="s3://data/shards/manifest.json")
VISION = TrainerSpec(entrypoint="assay_trainer.vision:train")


def said(study: ProxyStudy, *others: Hypothesis) -> list[str]:
    return [str(each) for each in check_study(study, [a_hypothesis("baseline"), *others])]


def a_study(dataset: DatasetReference, proxies: Sequence[ProxyArm] = (), **spec: Any) -> ProxyStudy:
    return a_proxy_study(dataset=dataset, proxies=proxies, **spec)


@pytest.mark.parametrize("dataset", [MANIFEST, stated(), stated(uri=None), stated(uri="https://example.com/a.zip")])
def test_shards_or_anything_with_a_version_will_do(dataset: DatasetReference) -> None:
    assert said(a_study(dataset, [ProxyArm(name="quarter", data_percent=25)])) == []


@pytest.mark.parametrize(
    ("dataset", "want"),
    [
        (DatasetReference(), "spec.dataset: given neither a manifest nor a version; allowed: manifest: … for shards"),
        (DatasetReference(uri="s3://data/t.csv"), 'spec.dataset.version: given nothing, beside uri "s3://data/t.csv"'),
        (
            DatasetReference(uri="s3://data/m.json", manifest="s3://data/m.json"),
            "spec.dataset.version: given nothing, beside uri",
        ),
        (DatasetReference(manifest="s3://d/m.json", version="1"), "spec.dataset: given both a manifest and a version"),
        (
            stated(uri="postgres://me:secret@db/t"),
            "spec.dataset.uri: given a URI with a password, a token or a signature in it; allowed: one without",
        ),
        (
            DatasetReference(uri="https://me:secret@host/t.csv"),
            "spec.dataset.uri: given a URI with a password, a token or a signature in it; allowed: one without",
        ),
    ],
)
def test_what_is_half_of_both_is_refused_by_name(dataset: DatasetReference, want: str) -> None:
    (of_study,) = said(a_study(dataset))
    assert of_study.startswith(f"ProxyStudy/digits: {want}")
    assert "secret" not in of_study
    (of_hypothesis,) = said(a_study(MANIFEST), a_hypothesis("other", dataset=dataset))
    assert of_hypothesis.startswith(f"Hypothesis/other: {want}")


def test_what_is_half_of_both_is_refused_of_a_hypothesis_that_no_study_selects() -> None:
    chosen = HypothesesSelection(baseline="baseline", selector=LabelSelector(match_labels={"a": "b"}))
    study = a_study(MANIFEST, hypotheses=chosen)
    other = a_hypothesis("other", dataset=DatasetReference())
    selected = a_hypothesis("selected", labels={"a": "b"})
    (found,) = said(study, other, selected)
    assert found.startswith("Hypothesis/other: spec.dataset: given neither a manifest nor a version")


def test_images_of_a_size_and_scored_subsets_need_shards() -> None:
    reference = ReferenceArm(epochs=10, batch_size=64, image_size=28)
    small = ProxyArm(name="small", image_size=14)
    coreset = ProxyArm(name="coreset", data_percent=25, subset=Subset.EL2N)
    sized, smaller, scored = said(a_study(stated(), [small, coreset], reference=reference))
    assert sized.startswith(
        "ProxyStudy/digits: spec.reference.imageSize: given 28; allowed: no imageSize: this data set"
    )
    assert "proxies[0].imageSize: given 14" in smaller
    assert "recipe: {imageSize: 14}" in smaller
    assert "spec.proxies[1].subset: given EL2N; allowed: Random: this data set has no manifest" in scored
    (only,) = said(a_study(MANIFEST, [coreset]), a_hypothesis("other", dataset=stated()))
    assert "allowed: Random: the data set of Hypothesis/other has no manifest" in only


def test_our_own_train_function_reads_shards_alone() -> None:
    (found,) = said(a_study(stated(), trainer=VISION), a_hypothesis("other", recipe={"a": 1}))
    assert found.startswith("ProxyStudy/digits: spec.dataset: given a version without a manifest; allowed: a manifest")
    (found,) = said(a_study(MANIFEST, trainer=VISION), a_hypothesis("other", dataset=stated()))
    assert found.startswith("Hypothesis/other: spec.dataset: given a version without a manifest")
    own = TrainerOverride(entrypoint="team.train:run")
    assert said(a_study(MANIFEST, trainer=VISION), a_hypothesis("other", dataset=stated(), trainer=own)) == []


def test_one_version_of_a_name_is_one_data_set() -> None:
    moved = a_hypothesis("moved", dataset=stated("1", "s3://other/table.csv"))
    (found,) = said(a_study(stated()), moved)
    want = 'Hypothesis/moved: spec.dataset.version: given "1" of s3://other/table.csv, which ProxyStudy/digits has of '
    assert found.startswith(want)
    assert "the name table.csv and the version alone tell data apart" in found
    for fine in (stated("2", "s3://other/table.csv"), stated("1", "s3://data/cleaned.csv"), stated()):
        assert said(a_study(stated()), a_hypothesis("moved", dataset=fine)) == []
