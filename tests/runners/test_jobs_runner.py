"""The Jobs runner: the conformance suite, in real pods of an image that a team derived from the trainer's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runners.conformance import FailureConformance, RunnerConformance, clear
from runners.pods import JobsWorld, Team


@pytest.fixture(scope="module")
def shared_world(team: Team) -> Iterator[JobsWorld]:
    world = team.world("shared")
    with world.runner:
        yield world


@pytest.fixture
def world(shared_world: JobsWorld) -> Iterator[JobsWorld]:
    yield shared_world
    clear(shared_world.runner)


@pytest.fixture
def own_world(team: Team) -> Iterator[JobsWorld]:
    world = team.world("own")
    with world.runner:
        yield world


class TestJobsRunner(RunnerConformance):
    pass


class TestFailuresOfJobs(FailureConformance):
    pass
