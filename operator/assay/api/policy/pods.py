"""Which Secrets, service accounts and images studies may name for their pods.

A study makes pods, and a pod may read every Secret of its namespace and run under any of its service accounts. So an
installation may say which of them studies may name. What it gives to all trials itself, it need not allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from pydantic import Field

from assay.api.base import Model
from assay.api.bounds import ALLOWED_CHARACTERS, GIVEN_CHARACTERS, shortened
from assay.api.resources import PodTemplate

Patterns = tuple[str, ...]


class AllowedPods(Model):
    """Names that are allowed, or patterns as a shell has them (`*`, `?`, `[…]`; `*` matches `/`, too).

    None allows all; an empty list allows none.
    """

    secrets: Patterns | None = Field(default=None, description="Secrets that a study's podTemplate may name.")
    service_accounts: Patterns | None = Field(
        default=None, description="Service accounts that a study's podTemplate may name."
    )
    images: Patterns | None = Field(default=None, description="Images that studies and hypotheses may name.")


class Refusal(NamedTuple):
    """A field, what it names, and what it may name."""

    field: str
    given: str
    allowed: str


def refused_image(field: str, image: str, allowed: AllowedPods) -> Iterator[Refusal]:
    """Yield the refusal of an image that a study or a hypothesis may not name."""
    yield from _refused(field, image, "image", allowed.images)


def refusals(template: PodTemplate, allowed: AllowedPods) -> Iterator[Refusal]:
    """Yield everything that a study's pod template names and may not, in the order of its fields."""
    said = template.to_dict()
    for field in ("volumes", "env", "envFrom"):
        for path, name in _secrets_in(said.get(field) or [], field):
            yield from _refused(path, name, "Secret", allowed.secrets)
    for index, volume in enumerate(template.volumes):
        if "image" in volume:
            source = volume["image"]
            image = source.get("reference") if isinstance(source, dict) else None
            yield from _refused(f"volumes[{index}].image.reference", image, "image", allowed.images)
    for index, secret in enumerate(template.image_pull_secrets):
        yield from _refused(f"imagePullSecrets[{index}].name", secret.name, "Secret", allowed.secrets)
    if template.service_account_name is not None:
        account = template.service_account_name
        yield from _refused("serviceAccountName", account, "service account", allowed.service_accounts)


def _refused(field: str, name: Any, kind: str, patterns: Patterns | None) -> Iterator[Refusal]:
    text = name if isinstance(name, str) else ""
    if patterns is not None and not any(fnmatchcase(text, pattern) for pattern in patterns):
        yield Refusal(field, f'"{shortened(text, GIVEN_CHARACTERS)}"', _in_words(kind, patterns))


def _in_words(kind: str, patterns: Patterns) -> str:
    what = shortened(" or ".join(patterns), ALLOWED_CHARACTERS) if patterns else f"no {kind} at all"
    return f"{what}, as whoever installed Assay has set"


def _secrets_in(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every name of a Secret in part of a pod's spec, with its path.

    Each kind of volume names them in a field of its own: `secretName`, or an object `secret`, `secretRef`,
    `secretKeyRef`, `nodePublishSecretRef`, …. CSI drivers make up the attributes of their volumes, so the case of
    letters does not count. All kinds are searched, also those that are refused anyway, and those still to come.
    """
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _secrets_in(each, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    for key, each in value.items():
        here, word = f"{path}.{key}", key.lower()
        if word == "secretname":
            yield here, each
        elif word == "secret" or word.endswith(("secretref", "secretkeyref")):
            said = each if isinstance(each, dict) else {}
            for name in [name for name in ("secretName", "name") if name in said] or ["name"]:
                yield f"{here}.{name}", said.get(name)
        else:
            yield from _secrets_in(each, here)
