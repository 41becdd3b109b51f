from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.api.arms import arms_of
from assay.api.recipes import merge_patch
from assay.api.resources import Goal, RankedBy, ReadAt, ReferenceArm, Subset, TrainerSpec
from assay.planning.results.costs import relative_work
from assay_trainer.contract import Fidelity
from builders.manifests import a_proxy, a_proxy_study

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


def test_recipes_merge_study_then_arm() -> None:
    study = a_proxy_study(
        trainer=TrainerSpec(entrypoint="a:b", recipe={"a": 0, "b": 0, "c": 0, "d": 0, "e": None}),
        reference=ReferenceArm(epochs=2, recipe={"b": 1, "c": 1, "d": 1}),
        proxies=[a_proxy("short", epochs=1, recipe={"c": 2, "d": 2})],
    )
    reference, short = arms_of(study)
    assert short.recipe == {"a": 0, "b": 1, "c": 2, "d": 2}
    assert reference.recipe == {"a": 0, "b": 1, "c": 1, "d": 1}
    assert study.spec.trainer.recipe["d"] == 0


def test_a_proxy_is_as_the_reference_in_all_that_it_leaves_out() -> None:
    reference = ReferenceArm(epochs=20, image_size=28, batch_size=512, data_percent=80)
    study = a_proxy_study(reference=reference, proxies=[a_proxy("core", data_percent=25, subset=Subset.EL2N)])
    full, core = arms_of(study)
    assert (full.name, core.name) == ("reference", "core")
    assert full.fidelity == Fidelity(epochs=20, image_size=28, batch_size=512, data_percent=80)
    assert core.fidelity == full.fidelity.model_copy(update={"data_percent": 25, "subset": "EL2N"})
    assert (full.metric, full.proxy, core.metric, core.proxy) == (study.spec.metric, None, study.spec.metric, 0)


def test_a_reference_in_steps_has_proxies_of_fewer_steps_which_are_guessed_to_be_as_much_cheaper() -> None:
    reference = ReferenceArm(steps=900, batch_size=64)
    study = a_proxy_study(reference=reference, proxies=[a_proxy("short", steps=300, batch_size=128)])
    full, short = arms_of(study)
    assert full.fidelity == Fidelity(steps=900, batch_size=64)
    assert short.fidelity == Fidelity(steps=300, batch_size=128)
    assert relative_work(short.fidelity, full.fidelity) == pytest.approx(2 / 3)


def test_each_epoch_at_which_a_curve_is_read_is_an_arm_on_the_schedule_of_the_whole_run() -> None:
    loss = RankedBy(name="loss", goal=Goal.MINIMIZE)
    early = a_proxy("early", read_at=ReadAt(epochs=(2, 5)))
    once = a_proxy("once", read_at=ReadAt(epochs=(5,)), metric=loss)
    study = a_proxy_study(proxies=[early, once])
    full, *arms = arms_of(study)
    assert [(arm.name, arm.read_at, arm.proxy) for arm in arms] == [
        ("early-2", 2, 0),
        ("early-5", 5, 0),
        ("once", 5, 1),
    ]
    assert [arm.metric for arm in arms] == [study.spec.metric, study.spec.metric, loss]
    assert {arm.whole for arm in arms} == {full.fidelity}
    assert all(arm.fidelity.identity() != full.fidelity.identity() for arm in arms)


def test_a_run_to_its_end_has_the_identity_that_it_had_before_runs_could_end_early() -> None:
    assert set(Fidelity().identity()) == {"epochs", "image_size", "batch_size", "data_percent"}
    assert "stop_after" not in Fidelity().model_dump_json()
