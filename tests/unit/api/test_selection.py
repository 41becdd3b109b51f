from __future__ import annotations

import pytest

from assay.api.resources import HypothesesSelection, LabelOperator, LabelRequirement, LabelSelector
from assay.api.selection import select_hypotheses
from builders.manifests import a_hypothesis, a_proxy_study


def test_the_baseline_comes_first_then_priority_then_name() -> None:
    hypotheses = [a_hypothesis("b"), a_hypothesis("c", priority=5), a_hypothesis("a"), a_hypothesis("baseline")]
    assert [each.name for each in select_hypotheses(a_proxy_study(), hypotheses)] == ["baseline", "c", "a", "b"]


def test_naming_the_baseline_selects_it_whatever_its_labels() -> None:
    hypotheses = [a_hypothesis("baseline"), a_hypothesis("a", labels={"x": "1"}), a_hypothesis("b")]
    selection = HypothesesSelection(baseline="baseline", selector=LabelSelector(match_labels={"x": "1"}))
    assert [each.name for each in select_hypotheses(a_proxy_study(hypotheses=selection), hypotheses)] == [
        "baseline",
        "a",
    ]


def test_hypotheses_of_another_namespace_are_not_selected() -> None:
    hypotheses = [a_hypothesis("a", namespace="one"), a_hypothesis("b", namespace="two"), a_hypothesis("c")]
    assert [each.name for each in select_hypotheses(a_proxy_study(namespace="one"), hypotheses)] == ["a", "c"]


@pytest.mark.parametrize(
    ("operator", "values", "want_matching"),
    [
        (LabelOperator.IN, ("1", "2"), ["one"]),
        (LabelOperator.NOT_IN, ("1", "2"), ["three", "none"]),
        (LabelOperator.EXISTS, (), ["one", "three"]),
        (LabelOperator.DOES_NOT_EXIST, (), ["none"]),
    ],
)
def test_expressions_match_as_in_kubernetes(
    operator: LabelOperator, values: tuple[str, ...], want_matching: list[str]
) -> None:
    selector = LabelSelector(match_expressions=(LabelRequirement(key="x", operator=operator, values=values),))
    labels = {"one": {"x": "1"}, "three": {"x": "3"}, "none": {"y": "1"}}
    assert [name for name, each in labels.items() if selector.matches(each)] == want_matching


def test_an_empty_selector_matches_everything() -> None:
    assert LabelSelector().matches({})
