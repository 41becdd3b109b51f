from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.api.arms import arms_of, fidelity_of
from assay.api.recipes import merge_patch, merged_recipe
from assay.api.resources import ReferenceArm, Subset, TrainerSpec
from assay_trainer.contract import Fidelity
from builders.manifests import a_hypothesis, a_proxy, a_proxy_study

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("target", "patch", "want"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_rfc_7396_merge_as_it_says(target: Any, patch: Any, want: Any) -> None:
    assert merge_patch(target, patch) == want


@given(json_values, json_values)
def test_merging_a_patch_twice_is_merging_it_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


def test_recipes_merge_study_then_arm_then_hypothesis() -> None:
    study = a_proxy_study(
        trainer=TrainerSpec(entrypoint="a:b", recipe={"a": 0, "b": 0, "c": 0, "d": 0, "e": None}),
        reference=ReferenceArm(epochs=2, recipe={"b": 1, "c": 1, "d": 1}),
        proxies=[a_proxy("short", epochs=1, recipe={"c": 2, "d": 2})],
    )
    hypothesis = a_hypothesis("h", recipe={"d": 3})
    assert merged_recipe(study, "short", hypothesis) == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert merged_recipe(study, "reference", hypothesis) == {"a": 0, "b": 1, "c": 1, "d": 3}
    assert study.spec.trainer.recipe["d"] == 0


def test_a_proxy_is_as_the_reference_in_all_that_it_leaves_out() -> None:
    reference = ReferenceArm(epochs=20, image_size=28, batch_size=512, data_percent=80)
    study = a_proxy_study(reference=reference, proxies=[a_proxy("core", data_percent=25, subset=Subset.EL2N)])
    assert [arm.name for arm in arms_of(study)] == ["reference", "core"]
    full = Fidelity(epochs=20, image_size=28, batch_size=512, data_percent=80)
    assert fidelity_of(study, "reference") == full
    assert fidelity_of(study, "core") == full.model_copy(update={"data_percent": 25, "subset": "EL2N"})


def test_an_arm_that_the_study_lacks_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        fidelity_of(a_proxy_study(), "short")
    with pytest.raises(KeyError):
        merged_recipe(a_proxy_study(), "short")
