"""What messages of Kubernetes, of its admission webhooks and of container runtimes mean: that the trouble passes by
itself, or that somebody has to act."""

from __future__ import annotations

import re

_PASSES = re.compile(
    r"failed calling webhook|internal error|timed? ?out|deadline exceeded|connection (refused|reset)|no route to host|"
    r"\bEOF\b|etcdserver|the object has been modified|too ?many ?requests|toomanyrequests|temporar|try again|"
    r"service unavailable|bad gateway|server misbehaving|(status|code|http)\W{0,3}(429|50[0-4])\b|context canceled",
    re.IGNORECASE,
)
_IMAGE_IS_WRONG = re.compile(
    r"not found|no such image|no such host|manifest unknown|does not exist|unauthorized|denied|forbidden|"
    r"authentication required|authorization failed|no basic auth|invalid reference|couldn't parse image|"
    r"is not present with pull policy|no match for platform",
    re.IGNORECASE,
)
_IS_MISSING = re.compile(
    r"\b(secret|configmap|persistentvolumeclaim|serviceaccount|key)s?\b.{0,120}\bnot found", re.IGNORECASE
)
_USED = re.compile(r"used: (?P<used>.+?), limited: ")


def passes(message: str) -> bool:
    """Return whether a refusal is about a server that does not answer now, and not about what it was asked for."""
    return _PASSES.search(message) is not None and "denied the request" not in message


def is_wrong_image(message: str) -> bool:
    """Return whether a registry has answered that there is no such image, or no right to it."""
    return _IMAGE_IS_WRONG.search(message) is not None and not _PASSES.search(message)


def is_missing_object(message: str) -> bool:
    """Return whether a container or volume lacks an object that somebody has to make."""
    return _IS_MISSING.search(message) is not None


def is_over_quota(message: str) -> bool:
    """Return whether a refusal is for want of quota: the API server says it in these words only."""
    return "exceeded quota" in message


def never_fits(message: str) -> bool:
    """Return whether a quota is too small though nothing uses it: `requested: pods=1, used: pods=0, …`."""
    used = _USED.search(message)
    return used is not None and all(each.rpartition("=")[2].strip() == "0" for each in used["used"].split(","))
