"""Which URIs studies may name.

The operator reads what a study names with its own rights, which reach further than those of the study's author: into
other teams' results, other buckets, its own files. So there is a list of prefixes that it may read below. The URI alone
is compared with it, before anything is opened: nobody learns even whether something outside is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from assay.api.bounds import ALLOWED_CHARACTERS, GIVEN_CHARACTERS, shortened
from assay.api.errors import Problem

NAMESPACE = "{namespace}"
"""Stands in a prefix for the namespace of the study."""

DATASETS = "datasets"
"""The folder beside the store in which data sets are, unless the installation says otherwise."""

_FILE = re.compile(r"file://(?:localhost)?(?P<path>/.*)")
_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]*)(?:/(?P<key>.*))?")
_NEVER = re.compile(r"[?#\x00-\x1f\x7f]")
"""Characters that URI readers cut off or leave out: the check and the read must see the same name."""


class UriLocation(NamedTuple):
    """What a URI names. `bucket` is empty for files, whose percent-encoding and `..` are resolved."""

    scheme: str
    bucket: str
    parts: tuple[str, ...]

    def holds(self, other: UriLocation) -> bool:
        """Return whether the other is this one or below it. Whole parts count: `data` does not hold `database`."""
        return self[:2] == other[:2] and other.parts[: len(self.parts)] == self.parts


@dataclass(frozen=True)
class AllowedUris:
    """Prefixes, each of which may have `{namespace}` in it."""

    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, store: str, given: Sequence[str] = ()) -> AllowedUris:
        """Return the given prefixes; if there is none, the folder `datasets` beside the store, and the namespace's
        folder in it. `store` is the installation's, without a slash at its end."""
        return cls(tuple(given) or (*_beside(store), f"{store}/{NAMESPACE}"))

    def allows(self, uri: str, namespace: str, follow: Callable[[str], str] = lambda uri: uri) -> bool:
        """Return whether studies of the namespace may name the URI.

        `follow` returns the URI that another one leads to through links. In a prefix only the part before the namespace
        is followed: the links in a namespace's folder are not the installation's.
        """
        location = location_of(follow(uri))
        return location is not None and any(
            prefix is not None and prefix.holds(location) for prefix in self._locations(namespace, follow)
        )

    def problem(self, where: str, path: str, uri: str, namespace: str) -> Problem:
        """Return the problem that a URI may not be named; `where` and `path` say by which resource and field it is."""
        return Problem(where, path, f'"{shortened(uri, GIVEN_CHARACTERS)}"', self.in_words(namespace))

    def in_words(self, namespace: str) -> str:
        """Return what is allowed in a namespace, as text; of a long list, the beginning."""
        prefixes = [f"{prefix.replace(NAMESPACE, namespace).rstrip('/')}/" for prefix in self.prefixes]
        shown = next(
            (
                count
                for count in range(len(prefixes), 1, -1)
                if len(" or ".join(prefixes[:count])) <= ALLOWED_CHARACTERS
            ),
            1,
        )
        more = f", and {len(prefixes) - shown} more prefixes" if shown < len(prefixes) else ""
        return f"what is below {' or '.join(prefixes[:shown])}{more}, as whoever installed Assay has set"

    def _locations(self, namespace: str, follow: Callable[[str], str]) -> Iterator[UriLocation | None]:
        for prefix in self.prefixes:
            fixed, marked, rest = prefix.partition(NAMESPACE)
            if not marked:
                yield location_of(follow(prefix))
                continue
            folder, slash, begun = fixed.rpartition("/")
            if location_of(folder) is None:  # the bucket's own name has the namespace in it
                yield location_of(prefix.replace(NAMESPACE, namespace))
            else:
                yield location_of(follow(folder) + slash + (begun + marked + rest).replace(NAMESPACE, namespace))


def location_of(uri: str) -> UriLocation | None:
    """Return what a URI names; None if it is nothing that Assay reads, or may be read in two ways."""
    if _NEVER.search(uri):
        return None
    if found := _FILE.fullmatch(uri):
        path = unquote(found["path"])
        return None if "\0" in path else UriLocation("file", "", _resolved(path))
    if found := _S3.fullmatch(uri):
        key = (found["key"] or "").rstrip("/")
        parts = tuple(key.split("/")) if key else ()
        # Keys are taken as they are, so `..` is only a name; but nobody has a good reason to use it.
        climbs = any(part in (".", "..") for part in unquote(key).split("/"))
        return None if climbs else UriLocation("s3", found["bucket"], parts)
    return None


def wrong_prefix(prefix: str) -> str | None:
    """Return why a prefix can't be in the list; None if it can."""
    marked = prefix.replace(NAMESPACE, "namespace")
    location = location_of(marked)
    if set("{}*") & set(marked):
        return f"{NAMESPACE} is all that may stand for something else"
    if location is None or "" in location.parts:
        return "not the URI of a bucket, or of a folder in one or of the file system"
    if location.scheme == "file" and not location.parts:
        return "it would let studies name every file of the operator"
    return None


def _beside(store: str) -> Iterator[str]:
    location = location_of(store)
    if location is None:
        return
    folder = store.rpartition("/")[0] if location.parts else store
    beside = f"{folder}/{DATASETS}"
    # A store of that very name has all teams' results in it.
    if location_of(beside) != location:
        yield beside


def _resolved(path: str) -> tuple[str, ...]:
    """Return the parts of an absolute path, `..` resolved as the system does where there are no links."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)
