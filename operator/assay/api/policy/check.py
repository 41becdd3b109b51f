"""A study and its hypotheses, held against what the installation allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from assay.api.errors import Problem
from assay.api.policy.pods import AllowedPods, refusals, refused_image
from assay.api.policy.policy import Policy
from assay.api.resources import Hypothesis, ProxyStudy


def not_allowed(
    study: ProxyStudy,
    selected: Sequence[Hypothesis],
    policy: Policy,
    follow: Callable[[str], str] = lambda uri: uri,
) -> tuple[Problem, ...]:
    """Return what a study and the hypotheses that it selects ask for and may not have.

    `follow` is as in `AllowedUris.allows`. Nothing is read for this but links in allowed folders, by `follow`.
    """
    return (*_data(study, selected, policy, follow), *_pods(study, selected, policy.pods))


def _data(
    study: ProxyStudy, selected: Sequence[Hypothesis], policy: Policy, follow: Callable[[str], str]
) -> Iterator[Problem]:
    namespace = study.metadata.namespace or ""
    resources: tuple[ProxyStudy | Hypothesis, ...] = (study, *selected)
    named = [
        (f"{resource.kind}/{resource.name}", path, uri) for resource in resources for path, uri in _uris_of(resource)
    ]
    for where, path, uri in named:
        # Links are followed only where the name itself is allowed: even how long it takes must tell nothing.
        if not (policy.data.allows(uri, namespace) and policy.data.allows(uri, namespace, follow)):
            yield policy.data.problem(where, path, uri, namespace)


def _uris_of(resource: ProxyStudy | Hypothesis) -> Iterator[tuple[str, str]]:
    """Yield all URIs that a resource names, with their fields. A path is no URI, and wrong whatever is allowed."""
    # what only the train function opens, the pod reads with its own rights
    if resource.spec.dataset is not None and resource.spec.dataset.manifest is not None:
        yield "spec.dataset.manifest", resource.spec.dataset.manifest
    inputs = (resource.spec.trainer.inputs if resource.spec.trainer else None) or ()
    for index, uri in enumerate(inputs):
        if "://" in uri:
            yield f"spec.trainer.inputs[{index}]", uri


def _pods(study: ProxyStudy, selected: Sequence[Hypothesis], allowed: AllowedPods) -> Iterator[Problem]:
    resources: tuple[ProxyStudy | Hypothesis, ...] = (study, *selected)
    for resource in resources:
        trainer, where = resource.spec.trainer, f"{resource.kind}/{resource.name}"
        if trainer is not None and trainer.image is not None:
            for field, given, may in refused_image("image", trainer.image, allowed):
                yield Problem(where, f"spec.trainer.{field}", given, may)
    if (template := study.spec.trainer.pod_template) is not None:
        for field, given, may in refusals(template, allowed):
            yield Problem(f"{study.kind}/{study.name}", f"spec.trainer.podTemplate.{field}", given, may)
