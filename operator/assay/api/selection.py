"""Which hypotheses a study compares."""

from __future__ import annotations

from collections.abc import Iterable

from assay.api.resources import Hypothesis, ProxyStudy


def select_hypotheses(study: ProxyStudy, hypotheses: Iterable[Hypothesis]) -> tuple[Hypothesis, ...]:
    """Return the selected hypotheses: the baseline first, the others by descending priority, then by name.

    Without a selector all hypotheses are selected. With one, those whose labels match are, and the baseline always is,
    because naming it selects it. A hypothesis of another namespace never is. If there is no hypothesis of the
    baseline's name, the selected ones are returned without it.
    """
    baseline = study.spec.hypotheses.baseline
    selected = [each for each in hypotheses if _same_namespace(study, each) and _is_selected(study, each)]
    return tuple(sorted(selected, key=lambda each: (each.name != baseline, -each.spec.priority, each.name)))


def _is_selected(study: ProxyStudy, hypothesis: Hypothesis) -> bool:
    selection = study.spec.hypotheses
    return (
        hypothesis.name == selection.baseline
        or selection.selector is None
        or selection.selector.matches(hypothesis.metadata.labels)
    )


def _same_namespace(study: ProxyStudy, hypothesis: Hypothesis) -> bool:
    """Return whether both may be in one namespace: a resource that names none goes wherever it is applied."""
    namespaces = {study.metadata.namespace, hypothesis.metadata.namespace} - {None}
    return len(namespaces) <= 1
