"""Each trial that studies share is run by one of them."""

from __future__ import annotations

from assay.runners.jobs import claim_living, claim_running
from assay.runners.jobs.sharing.claims import Claims
from builders.jobs import DATASET, a_job, a_pod, a_served_study, failed, running, terminated
from builders.requests import a_trial

FIRST, SECOND = (a_trial(DATASET, "team.train:run", seed=seed) for seed in (1, 2))


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


def test_whoever_begins_to_look_lets_a_study_have_what_it_has_run_as_well() -> None:
    lives, ended = (
        a_job(FIRST, study=a_served_study(uid="one")),
        a_job(SECOND, study=a_served_study(uid="one"), conditions=failed()),
    )
    claims = Claims()
    claim_running(claims, [lives, ended], {"one"})
    assert claims.of_others("team", "two") == {FIRST.key}
    claim_running(claims, [lives, ended], {"one"}, and_ended=True)
    assert claims.of_others("team", "two") == {FIRST.key, SECOND.key}


def test_what_a_study_has_run_that_is_gone_is_free() -> None:
    claims = Claims()
    claim_running(claims, [a_job(FIRST, study=a_served_study(uid="one"), conditions=failed())], set(), and_ended=True)
    assert claims.of_others("team", "two") == set()


def test_a_pod_whose_job_is_gone_runs_its_studys_trial_until_it_has_ended() -> None:
    job = a_job(FIRST, study=a_served_study(uid="one"))
    studies = {("team", "digits"): "one"}
    claims = Claims()
    claim_living(claims, [a_pod(job, "Succeeded", state=terminated(0))], studies)
    assert claims.of_others("team", "two") == set()
    claim_living(claims, [a_pod(job, state=running())], {})
    assert claims.of_others("team", "two") == set()
    claim_living(claims, [a_pod(job, state=running())], studies)
    assert claims.of_others("team", "two") == {FIRST.key}


def test_keys_that_are_added_are_held_until_the_next_claim() -> None:
    claims = Claims()
    claims.hold("team", "one", ["a"])
    claims.add("team", "one", ["b"])
    claims.add("team", "two", ["b", "c"])
    assert claims.of_others("team", "two") == {"a", "b"}
    assert claims.hold("team", "one", []) == set()
    assert claims.of_others("team", "one") == {"c"}
