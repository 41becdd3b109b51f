"""The cache of manifests: events and lists in any order."""

from __future__ import annotations

from typing import Any

from assay.kube import Cache, Manifest


def an_object(
    name: str = "a",
    *,
    uid: str = "",
    version: int = 1,
    study: str | None = "digits",
    owner: str | None = None,
    **more: Any,
) -> Manifest:
    metadata: Manifest = {
        "namespace": "team",
        "name": name,
        "uid": uid or f"uid-{name}",
        "resourceVersion": str(version),
    }
    if study is not None:
        metadata["labels"] = {"assay.dev/study": study}
    if owner is not None:
        metadata["ownerReferences"] = [{"uid": owner, "controller": True}, {"uid": "another"}]
    return {"metadata": metadata, **more}


def a_cache(*manifests: Manifest) -> Cache:
    cache = Cache()
    for manifest in manifests:
        assert cache.put(manifest)
    return cache


def names(manifests: list[Manifest]) -> list[str]:
    return [manifest["metadata"]["name"] for manifest in manifests]


def test_an_object_is_found_by_name_study_and_owner() -> None:
    cache = a_cache(an_object("a", owner="job"), an_object("b", study="other"), an_object("c", study=None))
    assert cache.get("team", "a") == an_object("a", owner="job")
    assert cache.get("elsewhere", "a") is None
    assert names(cache.of_study("team", "digits")) == names(cache.owned_by("job")) == ["a"]
    assert names(cache.all()) == names(cache.all("team")) == ["a", "b", "c"]
    assert cache.of_study("elsewhere", "digits") == cache.owned_by("another") == cache.all("elsewhere") == []


def test_an_older_manifest_does_not_replace_a_newer_one() -> None:
    cache = a_cache(an_object(version=9, spec="old"), an_object(version=10, spec="new"))
    assert not cache.put(an_object(version=9, spec="old"))
    assert not cache.put(an_object(version=10, spec="the same"))
    assert cache.all() == cache.of_study("team", "digits") == [an_object(version=10, spec="new")]


def test_an_object_that_was_removed_does_not_come_back() -> None:
    cache = a_cache(an_object(version=5))
    cache.remove(an_object(version=6))
    assert not cache.put(an_object(version=7))
    assert cache.all() == cache.of_study("team", "digits") == []
    assert cache.put(an_object(uid="the next of that name", version=8))


def test_the_late_end_of_an_object_does_not_remove_its_successor() -> None:
    cache = a_cache(an_object(uid="first", version=1), an_object(uid="second", version=2))
    cache.remove(an_object(uid="first", version=1))
    assert [each["metadata"]["uid"] for each in cache.all()] == ["second"]


def test_an_object_that_changes_its_labels_changes_its_study() -> None:
    cache = a_cache(an_object(version=1, owner="x"), an_object(version=2, study="other"))
    assert cache.of_study("team", "digits") == cache.owned_by("x") == []
    assert names(cache.of_study("team", "other")) == ["a"]


def test_objects_keep_their_place_when_they_change() -> None:
    cache = a_cache(an_object("b", version=1), an_object("a", version=2), an_object("b", version=3))
    assert names(cache.of_study("team", "digits")) == ["b", "a"]


def test_who_has_set_which_field_is_not_kept() -> None:
    manifest = an_object()
    manifest["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    assert a_cache(manifest).all() == [an_object()]
    assert "managedFields" in manifest["metadata"]


def test_what_kubectl_applied_last_is_not_kept() -> None:
    applied = an_object()
    applied["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": "x" * 100_000,
        "assay.dev/retry": "now",
    }
    applied["metadata"]["managedFields"] = [{}]
    kept = a_cache(applied).get("team", "a")
    assert kept is not None
    assert kept["metadata"] == {**an_object()["metadata"], "annotations": {"assay.dev/retry": "now"}}
