"""The checks of the chaos see what they are there to see."""

from __future__ import annotations

from assay.runners.jobs.memory import Attempt
from controller.chaos.checks import first_results, violations
from controller.history import Life
from controller.playground import Noted

KEY = "a" * 32


def a_life(
    name: str, attempt: int, created: int, ended: int | None = None, *, kind: str = "jobs", gone: int | None = None
) -> Life:
    """Return the life of a Job or pod; its revisions are its seconds."""
    return Life(
        kind,
        "team",
        name,
        f"uid-of-{name}",
        "digits",
        "",
        (Attempt(KEY, attempt),),
        (created, float(created)),
        None if ended is None else (ended, float(ended)),
        None if gone is None else (gone, float(gone)),
    )


def test_attempts_one_after_another_are_fine() -> None:
    history = [
        a_life("one", 1, 10, 20),
        a_life("pod", 1, 11, 19, kind="pods"),
        a_life("two", 2, 21, gone=30),
        a_life("three", 3, 31, 40),
    ]
    assert violations(history, {KEY: 39.0}) == []


def test_an_attempt_while_an_earlier_one_lives_is_seen() -> None:
    (found,) = violations([a_life("one", 1, 10, 20), a_life("two", 2, 15, 30)], {})
    assert "job two" in found
    assert "while job one" in found
    assert len(violations([a_life("one", 1, 10), a_life("two", 2, 15, 30)], {})) == 1


def test_a_pod_that_outlives_its_job_is_seen() -> None:
    history = [a_life("one", 1, 10, gone=12), a_life("pod", 1, 11, 19, kind="pods"), a_life("two", 2, 15, 30)]
    (found,) = violations(history, {})
    assert "while pod pod" in found


def test_an_attempt_of_two_jobs_is_seen() -> None:
    (found,) = violations([a_life("one", 1, 10, 20), a_life("two", 1, 21, 30)], {})
    assert "was started 2 times" in found


def test_an_attempt_after_the_result_is_seen() -> None:
    (found,) = violations([a_life("one", 1, 10, 20), a_life("two", 2, 21, 30)], {KEY: 18.0})
    assert "two was made 3.000 s after the result" in found


def test_of_two_studies_each_is_looked_at_alone_if_that_is_asked_for() -> None:
    other = a_life("two", 1, 15, 30)
    other.study = "another"
    history = [a_life("one", 1, 10, 20), other]
    assert len(violations(history, {})) == 1
    assert violations(history, {}, across_studies=False) == []


def test_the_first_result_of_a_key_counts() -> None:
    noted = [Noted(1.0, "failed", KEY, 1), Noted(2.0, "result", KEY, 2), Noted(3.0, "result again", KEY, 3)]
    assert first_results(noted) == {KEY: 2.0}
