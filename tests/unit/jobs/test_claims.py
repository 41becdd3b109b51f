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


def test_the_keys_of_a_study_that_is_gone_are_free_once_nothing_of_it_lives() -> None:
    claims = Claims()
    claims.hold("team", "gone", ["a", "b"])
    claims.hold("team", "there", ["c"])
    claims.leave("team", "gone")
    assert claims.hold("team", "other", ["a", "b", "c"]) == frozenset()
    claims.end("team", live={"a"})
    assert claims.hold("team", "other", ["a", "b", "c"]) == {"b"}
    assert claims.has_left("team")
    claims.end("team", live=())
    assert not claims.has_left("team")
    assert claims.hold("team", "other", ["a", "b", "c"]) == {"a", "b"}
