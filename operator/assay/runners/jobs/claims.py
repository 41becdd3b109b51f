"""Which study runs which trials: two studies of a namespace may ask for the same ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from threading import Lock


class Claims:
    """Of each namespace: the keys that run, and whose they are, by the study's uid. For threads to share.

    All of it may be lost at any time: then a trial may run twice, and the first result counts.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._owners: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._gone: defaultdict[str, set[str]] = defaultdict(set)

    def of_others(self, namespace: str, study: str) -> frozenset[str]:
        """The keys that other studies run, or are about to."""
        with self._lock:
            return frozenset(key for key, owner in self._owners[namespace].items() if owner != study)

    def hold(self, namespace: str, study: str, keys: Iterable[str]) -> frozenset[str]:
        """Let the study have these keys, as far as nobody else has them, and no others; those that it has now."""
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
        """The study is gone. Its pods may live a little longer: its keys are free when they have ended (`end`)."""
        with self._lock:
            self._gone[namespace].add(study)

    def has_left(self, namespace: str) -> bool:
        """Whether a study is gone and has keys all the same."""
        with self._lock:
            return bool(self._gone.get(namespace))

    def end(self, namespace: str, live: Container[str]) -> None:
        """Free the keys of studies that are gone but those that are `live`."""
        with self._lock:
            gone, owners = self._gone.pop(namespace, set()), self._owners[namespace]
            kept = {key: owner for key, owner in owners.items() if owner not in gone or key in live}
            self._owners[namespace] = kept
            if left := gone.intersection(kept.values()):
                self._gone[namespace] = left
