"""A study with what its namespace holds."""

from __future__ import annotations

from typing import Any, cast

import pytest

from assay.api.errors import NotAllowed
from assay.api.policy import AllowedUris, Policy
from assay.api.resources import DatasetReference
from assay.controller.reconciling.gathering import gather
from assay.controller.world import World
from builders.manifests import a_hypothesis, a_proxy_study

POLICY = Policy(AllowedUris.of("s3://bucket/assay"))


def never(*_: Any) -> Any:
    raise AssertionError("nothing is read, or remembered of what was, before it is known whether it is allowed")


@pytest.mark.parametrize("whose", ["the study's", "a hypothesis'"])
def test_a_data_set_that_is_not_allowed_is_not_asked_for(whose: str) -> None:
    others = DatasetReference(manifest="s3://bucket/assay/speech/manifest.json")
    ours = DatasetReference(manifest="s3://bucket/datasets/manifest.json")
    study = a_proxy_study(namespace="vision", dataset=others if whose == "the study's" else ours)
    hypothesis = a_hypothesis("baseline", namespace="vision", dataset=None if whose == "the study's" else others)
    world = World()
    manifest = hypothesis.to_dict()
    manifest["metadata"] |= {"uid": "1", "resourceVersion": "1"}
    world.hypotheses.put(manifest)
    with pytest.raises(NotAllowed, match=r"spec\.dataset\.manifest: given \"s3://bucket/assay/speech/"):
        gather(study, world, cast("Any", None), cast("Any", never), POLICY)
