"""A study and its hypotheses, held against what the installation allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from assay.api.errors import Problem
from assay.api.policy.policy import Policy
from assay.api.resources import Hypothesis, ProxyStudy


def not_allowed(
    study: ProxyStudy,
    selected: Sequence[Hypothesis],
    policy: Policy,
    follow: Callable[[str], str] = lambda uri: uri,
) -> tuple[Problem, ...]:
    """All that a study and the hypotheses that it selects ask for and may not; `follow` as `AllowedUris.allows` has it.

    Nothing is read for it but, by `follow`, links in folders that are allowed.
    """
    return tuple(_data(study, selected, policy, follow))


def _data(
    study: ProxyStudy, selected: Sequence[Hypothesis], policy: Policy, follow: Callable[[str], str]
) -> Iterator[Problem]:
    namespace = study.metadata.namespace or ""
    resources: tuple[ProxyStudy | Hypothesis, ...] = (study, *selected)
    for resource in resources:
        if resource.spec.dataset is None:
            continue
        uri = resource.spec.dataset.manifest
        # Links are looked at only where the name itself is allowed: how long that takes must tell nothing, either.
        if not (policy.data.allows(uri, namespace) and policy.data.allows(uri, namespace, follow)):
            where = f"{resource.kind}/{resource.name}"
            yield policy.data.problem(where, "spec.dataset.manifest", uri, namespace)
