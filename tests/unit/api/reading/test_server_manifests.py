"""Resources as the API server hands them out."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.errors import InvalidInput
from assay.api.reading.manifests import resource_from
from assay.api.resources import Hypothesis, ProxyStudy
from builders.manifests import a_proxy_study


def a_manifest(**spec: Any) -> dict[str, Any]:
    manifest = a_proxy_study(namespace="team").to_dict()
    manifest["metadata"] |= {"uid": "1", "resourceVersion": "7", "generation": 2}
    manifest["spec"] |= spec
    return manifest


def test_metadata_of_a_newer_kubernetes_is_passed_over() -> None:
    manifest = a_manifest()
    manifest["metadata"]["zone"] = "a field of 2031"
    assert resource_from(ProxyStudy, manifest).metadata.generation == 2


def test_a_status_that_another_version_wrote_is_as_good_as_none() -> None:
    manifest = a_manifest() | {"status": {"phase": "Running"}}
    assert resource_from(ProxyStudy, manifest).status is None


def test_a_spec_that_the_schema_let_through_is_a_problem_with_its_path() -> None:
    with pytest.raises(InvalidInput) as raised:
        resource_from(ProxyStudy, a_manifest(seeds={"initial": "three"}, colour="red"))
    problems = {(problem.where, problem.path): problem.given for problem in raised.value.problems}
    assert problems == {
        ("ProxyStudy/digits", "spec.seeds.initial"): '"three"',
        ("ProxyStudy/digits", "spec.colour"): "an unknown field",
    }


@pytest.mark.parametrize("depth", [110, 300, 20_000])
def test_a_recipe_nested_beyond_measure_is_a_problem_with_its_path(depth: int) -> None:
    nested: Any = {}
    for _ in range(depth):
        nested = {"a": nested}
    manifest = {
        "apiVersion": "assay.dev/v1alpha1",
        "kind": "Hypothesis",
        "metadata": {"name": "deep"},
        "spec": {"statement": "Deeper helps.", "recipe": nested},
    }
    with pytest.raises(InvalidInput) as raised:
        resource_from(Hypothesis, manifest)
    (problem,) = raised.value.problems
    assert (problem.where, problem.path) == ("Hypothesis/deep", "spec.recipe.a.a")
    assert "100 levels" in problem.allowed
    while nested:  # not by recursion, either
        nested = nested.pop("a")


def test_a_recipe_may_be_nested_well() -> None:
    nested: Any = {}
    for _ in range(90):
        nested = {"a": nested}
    assert resource_from(ProxyStudy, a_manifest(reference={"epochs": 1, "recipe": nested})).spec.reference.recipe
