"""Checks of the record that must hold whatever happened: nothing is started twice, or after its result is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from assay.runners.jobs.memory import Attempt
from controller.history import Life
from controller.playground import Noted


def violations(history: Sequence[Life], results: Mapping[str, float], *, across_studies: bool = True) -> list[str]:
    """Return what is wrong with the Jobs and pods of one namespace, as lines, in the order in which they were made.

    `results` are the times (Unix seconds) at which the results of keys were put into the store. Without
    `across_studies`, two studies may run the same trial at the same time: so may two operators that do not know of each
    other, and the first result counts.
    """
    if not across_studies:
        by_study: dict[str, list[Life]] = defaultdict(list)
        for life in history:
            by_study[life.study].append(life)
        return [line for own in by_study.values() for line in violations(own, {})]
    jobs = [life for life in history if life.kind == "jobs"]
    pods = [life for life in history if life.kind == "pods"]
    return [*_repeated(jobs), *_overlapping(jobs, jobs), *_overlapping(jobs, pods), *_overlapping(pods, pods)] + [
        f"{job.name} was made {job.created[1] - results[key]:.3f} s after the result of {key} was there"
        for job in jobs
        for key, _ in job.attempts
        if key in results and job.created[1] > results[key]
    ]


def _repeated(jobs: Iterable[Life]) -> list[str]:
    """Return, as lines, the attempts that belong to several Jobs of a study. (Another study may count anew where
    somebody has deleted the Job.)"""
    by_attempt: dict[tuple[str, Attempt], list[Life]] = defaultdict(list)
    for job in jobs:
        for attempt in job.attempts:
            by_attempt[job.study, attempt].append(job)
    return [
        f"attempt {attempt.attempt} of {attempt.key} was started {len(alike)} times: {', '.join(map(_named, alike))}"
        for (_, attempt), alike in by_attempt.items()
        if len(alike) > 1
    ]


def _overlapping(later: Sequence[Life], earlier: Sequence[Life]) -> list[str]:
    """Return, as lines, what was begun while something that was begun before still ran the same trial."""
    by_key: dict[str, list[Life]] = defaultdict(list)
    for life in earlier:
        for key in {key for key, _ in life.attempts}:
            by_key[key].append(life)
    found = []
    for life in later:
        for key in {key for key, _ in life.attempts}:
            for other in by_key[key]:
                lives_on = other.over is None or other.over[0] > life.created[0]
                if other.uid != life.uid and other.created[0] < life.created[0] and lives_on:
                    found.append(f"{_named(life)} was made while {_named(other)} lived, for {key}")
    return found


def first_results(noted: Iterable[Noted]) -> dict[str, float]:
    """Return by key when its result was in the store."""
    found: dict[str, float] = {}
    for note in noted:
        if note.what == "result":
            found.setdefault(note.key, note.at)
    return found


def _named(life: Life) -> str:
    attempts = "+".join(str(attempt) for _, attempt in life.attempts)
    over = f"over {life.over[0]}" if life.over else "never over"
    return f"{life.kind.removesuffix('s')} {life.name} (attempt {attempts}, made {life.created[0]}, {over})"
