"""Pods that are told to end in the midst of their trials, on a real cluster: nothing that was done is done again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from assay.runners.protocol import ObservedAttempt
from assay_trainer.contract import (
    FailureReason,
    Fidelity,
    TrialRequest,
    TrialResult,
    WorkRequest,
    checkpoints_folder,
    course_key,
    result_name,
)
from builders.requests import a_trial
from runners.conformance import PATIENCE_SECONDS, clear, reason, until_ended
from runners.pods import JobsWorld, Team

EPOCHS = 8


@pytest.fixture(scope="module")
def shared_world(team: Team) -> Iterator[JobsWorld]:
    world = team.world("interrupted")
    with world.runner:
        yield world


@pytest.fixture
def world(shared_world: JobsWorld) -> Iterator[JobsWorld]:
    yield shared_world
    clear(shared_world.runner)


def a_training(
    world: JobsWorld, *, pause: float = 0.0, function: str = "behaviours", seed: int = 0, devices: int = 1
) -> TrialRequest:
    """Return a trial that takes `pause` seconds for each epoch. Those of one seed train the same."""
    recipe = {"pause": pause, "marks": f"{world.store.uri}/marks"}
    entrypoint, fidelity = f"team.{function}:trains_in_epochs", Fidelity(epochs=EPOCHS)
    return a_trial(world.dataset, entrypoint, seed=seed, recipe=recipe, fidelity=fidelity, devices=devices)


def a_request(world: JobsWorld, *items: TrialRequest, at_once: int = 1) -> WorkRequest:
    return WorkRequest(store=world.store.uri, items=items, at_once=at_once)


def next_attempt(item: TrialRequest) -> TrialRequest:
    return item.model_copy(update={"attempt": item.attempt + 1})


def result_of(world: JobsWorld, item: TrialRequest) -> TrialResult:
    return TrialResult.model_validate_json(world.store.get(result_name(item.key)))


@pytest.fixture(scope="module")
def undisturbed(shared_world: JobsWorld) -> TrialResult:
    """Return the result of the same training by a trial that nobody interrupts."""
    item = a_training(shared_world)
    request = a_request(shared_world, item)
    shared_world.start(request)
    assert {reason(ended) for ended in until_ended(shared_world.runner, request)} == {"Succeeded"}
    return result_of(shared_world, item)


def until(world: JobsWorld, holds: Callable[[], Any], what: str) -> None:
    """Wait until something holds, and see meanwhile what there is, as the operator does."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < limit, f"{what} did not come"
        world.runner.wait(0)
        time.sleep(0.1)


def until_epoch(world: JobsWorld, item: TrialRequest, epoch: int) -> None:
    """Wait until a trial has done an epoch."""
    folder = f"marks/{item.seed}-{item.recipe['pause']}/"
    want = {f"{folder}{epoch:03}-{rank}" for rank in range(item.devices)}
    until(world, lambda: want <= set(world.store.list(folder)), f"epoch {epoch} of {item.seed}")


def checkpoints_of(world: JobsWorld, item: TrialRequest) -> Sequence[str]:
    return world.store.list(checkpoints_folder(course_key(item)))


# ----------------------------------------------------------------------------- who ends pods


def pods_of(team: Team, item: TrialRequest) -> list[str]:
    return team.kubectl("get", "pods", f"--selector=assay.dev/trial-key={item.key}", "--output=name").split()


def pod_of(team: Team, item: TrialRequest) -> str:
    (pod,) = pods_of(team, item)
    return pod.removeprefix("pod/")


def delete(team: Team, item: TrialRequest) -> None:
    """Delete the pod, as a node that is drained by force does."""
    team.kubectl("delete", "pod", pod_of(team, item), "--wait=false")


def evict(team: Team, item: TrialRequest) -> None:
    """Have the pod evicted, as `kubectl drain` and autoscalers do."""
    pod = pod_of(team, item)
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": team.namespace},
    }
    path = f"/api/v1/namespaces/{team.namespace}/pods/{pod}/eviction"
    team.kubectl("create", f"--raw={path}", "--filename=-", stdin=json.dumps(eviction))


def suspend(team: Team, item: TrialRequest, *, on: bool = True) -> None:
    """Suspend the Job, as Kueue does to one that it preempts; or let it run again."""
    selector = f"--selector=assay.dev/trial-key={item.key}"
    (job,) = team.kubectl("get", "jobs", selector, "--output=name").split()
    team.kubectl("patch", job, "--type=merge", f"--patch={json.dumps({'spec': {'suspend': on}})}")


# ----------------------------------------------------------------------------- one trial in a pod


def ended_and_gone_on(
    team: Team, world: JobsWorld, first: TrialRequest, end: Callable[[Team, TrialRequest], None]
) -> ObservedAttempt:
    """End the pod of a trial in its third epoch, see that another attempt succeeds, and return the end of the first."""
    request = a_request(world, first)
    world.start(request)
    until_epoch(world, first, 2)
    end(team, first)  # no checkpoint is due for minutes
    (ended,) = until_ended(world.runner, request)
    assert reason(ended) == FailureReason.DISRUPTED
    assert len(checkpoints_of(world, first)) == 1

    second = a_request(world, next_attempt(first))
    world.start(second)
    (goes_on,) = until_ended(world.runner, second)
    assert reason(goes_on) == "Succeeded", goes_on
    return ended


@pytest.mark.parametrize("end", [delete, evict])
def test_a_trial_whose_pod_is_told_to_end_goes_on_from_where_it_was(
    team: Team, world: JobsWorld, undisturbed: TrialResult, end: Callable[[Team, TrialRequest], None]
) -> None:
    first = a_training(world, pause=0.3 if end is delete else 0.31)
    ended = ended_and_gone_on(team, world, first, end)
    result, want = result_of(world, first), undisturbed
    assert result.score == want.score
    assert [(point.epoch, point.metrics) for point in result.curve] == [
        (point.epoch, point.metrics) for point in want.curve
    ]
    assert result.metrics["first"] > 2  # and no epoch was done twice, or its function had raised
    assert 0 < result.cost.resumed_seconds <= ended.accelerator_seconds
    assert result.cost.resumed_seconds < result.cost.accelerator_seconds
    assert checkpoints_of(world, first) == []


def test_a_trial_that_is_preempted_goes_on_in_the_same_attempt(
    team: Team, world: JobsWorld, undisturbed: TrialResult
) -> None:
    item = a_training(world, pause=0.32)
    request = a_request(world, item)
    world.start(request)
    until_epoch(world, item, 2)
    suspend(team, item)
    until(world, lambda: checkpoints_of(world, item), "a checkpoint")
    until(world, lambda: not pods_of(team, item), "the end of the pod")
    assert world.store.list("attempts/") == []
    suspend(team, item, on=False)
    (ended,) = until_ended(world.runner, request)
    assert (ended.attempt, reason(ended)) == (1, "Succeeded")
    result, want = result_of(world, item), undisturbed
    assert (result.score, len(result.curve)) == (want.score, EPOCHS)
    assert result.metrics["first"] > 2
    assert result.cost.resumed_seconds == 0  # it is one attempt, so nobody else is charged


def test_all_ranks_of_a_trial_whose_pod_is_told_to_end_go_on_together(
    team: Team, world: JobsWorld, undisturbed: TrialResult
) -> None:
    first = a_training(world, pause=0.33, devices=2, function="ranks")
    ended = ended_and_gone_on(team, world, first, evict)
    result, want = result_of(world, first), undisturbed
    assert (result.score, len(result.curve)) == (want.score, EPOCHS)
    assert result.metrics["first"] > 2
    assert 0 < result.cost.resumed_seconds <= ended.accelerator_seconds


# ----------------------------------------------------------------------------- several trials in a pod


def test_of_packed_trials_whose_pod_is_told_to_end_the_finished_stay_and_all_that_ran_go_on(
    team: Team, world: JobsWorld, undisturbed: TrialResult
) -> None:
    done = [a_training(world, seed=seed) for seed in (1, 2)]
    running = [a_training(world, pause=pause) for pause in (0.34, 0.35)]
    not_reached = [a_training(world, seed=seed) for seed in (3, 4, 5, 6)]
    items = [*done, *running, *not_reached]
    request = a_request(world, *items, at_once=2)
    world.start(request)
    for item in running:
        until_epoch(world, item, 2)
    evict(team, items[0])
    ended = until_ended(world.runner, request)
    assert {reason(each) for each in ended[2:]} == {FailureReason.DISRUPTED}
    assert [len(checkpoints_of(world, item)) for item in items] == [0] * 2 + [1] * 2 + [0] * 4
    finished = {item.key: world.store.get(result_name(item.key)) for item in done}

    again = a_request(world, *map(next_attempt, items), at_once=2)  # those that have a result are passed over
    world.start(again)
    assert {reason(each) for each in until_ended(world.runner, again)} == {"Succeeded"}
    results = [result_of(world, item) for item in items]
    assert [result.metrics["first"] > 2 for result in results] == [False] * 2 + [True] * 2 + [False] * 4
    assert all(world.store.get(result_name(key)) == data for key, data in finished.items())
    assert {result.score for result in results[2:4]} == {undisturbed.score}
    for each, result in zip(ended[2:4], results[2:4], strict=True):
        assert 0 < result.cost.resumed_seconds <= each.accelerator_seconds


def test_of_packed_trials_each_fails_by_itself_and_the_others_have_results(world: JobsWorld) -> None:
    wrong = {
        "raises": FailureReason.TRAIN_FUNCTION_RAISED,
        "exhausts_memory": FailureReason.OUT_OF_SHARED_MEMORY,
        "exhausts_shared_memory": FailureReason.OUT_OF_SHARED_MEMORY,
        "writes_garbage": FailureReason.STORE_FAILED,
    }
    amiss = [
        a_trial(world.dataset, f"team.behaviours:{name}", recipe={"store": world.store.uri, "number": number})
        for number, name in enumerate(wrong)
    ]
    sound = [a_training(world, pause=0.2, seed=seed) for seed in (7, 8, 9)]
    sound.append(a_trial(world.dataset, "team.behaviours:reads_and_prints"))
    items = [item for pair in zip(amiss, sound, strict=True) for item in pair]
    request = a_request(world, *items, at_once=2)
    world.start(request)
    said = {each.key: reason(each) for each in until_ended(world.runner, request)}
    assert said == {item.key: "Succeeded" for item in sound} | {
        item.key: want for item, want in zip(amiss, wrong.values(), strict=True)
    }
    assert all(result_of(world, item).cost.accelerator_seconds > 0 for item in sound)


# ----------------------------------------------------------------------------- our own train function


def test_our_train_function_goes_on_to_the_same_bits_in_another_pod(team: Team) -> None:
    world = team.world("vision", image=team.images.trainer, memory="1500Mi")
    with world.runner:
        recipe = {"width": 4, "depth": 1, "batchSize": 8, "dropout": 0.3}
        want, first = (
            a_trial(
                world.dataset,
                "assay_trainer.vision:train",
                recipe={**recipe, **more},
                fidelity=Fidelity(epochs=200),
                deadline_seconds=120,
            ).model_copy(update={"checkpoint_seconds": 1})
            for more in ({}, {"labelSmoothing": 0.0})  # which changes the key alone
        )
        request = a_request(world, want, first)
        world.start(request)
        until(world, lambda: result_name(want.key) in world.store.list("results/"), "the first result")
        until(world, lambda: checkpoints_of(world, first), "a checkpoint")
        evict(team, want)
        assert reason(until_ended(world.runner, request)[1]) == FailureReason.DISRUPTED
        second = a_request(world, next_attempt(first))
        world.start(second)
        (ended,) = until_ended(world.runner, second)
        assert reason(ended) == "Succeeded"
        result = result_of(world, first)
        assert result.metrics == result_of(world, want).metrics
        assert result.cost.resumed_seconds > 0
