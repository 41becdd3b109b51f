"""One pod template laid over another."""

from __future__ import annotations

from assay.api.resources import EnvironmentVariable, PodTemplate, Resources


def overlaid(below: PodTemplate, above: PodTemplate | None) -> PodTemplate:
    """Return the template `below` with what `above` says.

    Labels, annotations, the node selector, requests and limits are merged by key, the environment by name, and
    `above` wins. Tolerations, volumes, mounts, `envFrom` and image pull secrets of both are there, those of `above`
    last. Everything else (affinity, service account, priority and runtime class) is `above`'s, if it says it.
    """
    if above is None:
        return below
    # Copied, not made: both are valid, and what they come to together may be longer than what one may say.
    return below.model_copy(
        update={
            "labels": {**below.labels, **above.labels},
            "annotations": {**below.annotations, **above.annotations},
            "resources": _resources(below.resources, above.resources),
            "node_selector": {**below.node_selector, **above.node_selector},
            "tolerations": below.tolerations + above.tolerations,
            "affinity": above.affinity if above.affinity is not None else below.affinity,
            "volumes": below.volumes + above.volumes,
            "volume_mounts": below.volume_mounts + above.volume_mounts,
            "env": merged_environment(below.env, above.env),
            "env_from": below.env_from + above.env_from,
            "service_account_name": above.service_account_name or below.service_account_name,
            "priority_class_name": above.priority_class_name or below.priority_class_name,
            "image_pull_secrets": tuple(dict.fromkeys(below.image_pull_secrets + above.image_pull_secrets)),
            "runtime_class_name": above.runtime_class_name or below.runtime_class_name,
        }
    )


def merged_environment(*layers: tuple[EnvironmentVariable, ...]) -> tuple[EnvironmentVariable, ...]:
    """Return all variables, each name once: the last layer wins. A variable may refer to those before it."""
    by_name: dict[str, EnvironmentVariable] = {}
    for layer in layers:
        for variable in layer:
            by_name.pop(variable.name, None)
            by_name[variable.name] = variable
    return tuple(by_name.values())


def _resources(below: Resources | None, above: Resources | None) -> Resources | None:
    if below is None or above is None:
        return above or below
    return below.model_copy(
        update={
            "requests": {**below.requests, **above.requests},
            "limits": {**below.limits, **above.limits},
        }
    )
