"""Which study runs which trials: two studies of a namespace may ask for the same trials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from threading import Lock


class Claims:
    """The keys that run in each namespace, and the uids of the studies that run them. For threads to share.

    All of it may be lost at any time: then a trial may run twice, and the first result counts.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._owners: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._gone: defaultdict[str, set[str]] = defaultdict(set)

    def of_others(self, namespace: str, study: str) -> frozenset[str]:
        """Return the keys that other studies run, or are about to."""
        with self._lock:
            return frozenset(key for key, owner in self._owners[namespace].items() if owner != study)

    def hold(self, namespace: str, study: str, keys: Iterable[str]) -> frozenset[str]:
        """Let the study have those of these keys that nobody else has, and no others; return what it has now."""
        with self._lock:
            others = {key: owner for key, owner in self._owners[namespace].items() if owner != study}
            held = frozenset(key for key in keys if key not in others)
            self._owners[namespace] = {**others, **dict.fromkeys(held, study)}
            return held

    def add(self, namespace: str, study: str, keys: Iterable[str]) -> None:
        """Let the study have these keys as well, as far as nobody else has them."""
        with self._lock:
            owners = self._owners[namespace]
            for key in keys:
                owners.setdefault(key, study)

    def leave(self, namespace: str, study: str) -> None:
        """Note that the study is gone. Its pods may live a little longer: `end` frees its keys when they have ended."""
        with self._lock:
            self._gone[namespace].add(study)

    def has_left(self, namespace: str) -> bool:
        """Return whether a study is gone and still has keys."""
        with self._lock:
            return bool(self._gone.get(namespace))

    def end(self, namespace: str, live: Container[str]) -> None:
        """Free the keys of studies that are gone, but for those that are `live`."""
        with self._lock:
            gone, owners = self._gone.pop(namespace, set()), self._owners[namespace]
            kept = {key: owner for key, owner in owners.items() if owner not in gone or key in live}
            self._owners[namespace] = kept
            if left := gone.intersection(kept.values()):
                self._gone[namespace] = left
