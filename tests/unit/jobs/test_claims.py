"""Which study runs which trials."""

from __future__ import annotations

from assay.runners.jobs.claims import Claims


def test_the_first_study_has_a_key_until_it_lets_it_go() -> None:
    claims = Claims()
    assert claims.hold("team", "one", ["a", "b"]) == {"a", "b"}
    assert claims.hold("team", "two", ["b", "c"]) == {"c"}
    assert claims.of_others("team", "two") == {"a", "b"}
    assert claims.hold("team", "one", ["a"]) == {"a"}
    assert claims.hold("team", "two", ["b", "c"]) == {"b", "c"}
    assert claims.of_others("team", "one") == {"b", "c"}


def test_namespaces_share_nothing() -> None:
    claims = Claims()
    claims.hold("team", "one", ["a"])
    assert claims.of_others("other", "two") == frozenset()
    assert claims.hold("other", "two", ["a"]) == {"a"}
