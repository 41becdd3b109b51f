"""The fork server's side of the conversation, and the worker of a pod."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from assay_trainer.contract import (
    MEMORY_LIMIT_VARIABLE,
    Dataset,
    ExitStatus,
    FailureReason,
    Fidelity,
    TerminationMessage,
    TrialResult,
    result_name,
)
from assay_trainer.worker import exit_status, termination_log
from builders.datasets import tiny_dataset
from builders.requests import a_trial
from builders.worker import Pod

KEY = "0" * 32


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


def test_a_fork_server_whose_events_nobody_reads_goes_on_reading_commands() -> None:
    want_refusals = 3000  # some 200 bytes each, so ten times what the pipe holds
    command = [sys.executable, "-m", "assay_trainer.workers.forkserver", "--preload"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        text = b'{"command": "Dance"}\n' * want_refusals
        for start in range(0, len(text), 1009):  # lines arrive in pieces
            server.stdin.write(text[start : start + 1009])
        events: list[str] = []
        with os.fdopen(os.dup(server.stdout.fileno()), "rb") as lines:
            while len(events) <= want_refusals:
                events.append(json.loads(lines.readline())["event"])
        server.stdin.close()
    assert events == ["Ready"] + ["CommandRefused"] * want_refusals
    assert server.returncode == 0


KILLED_AT_ONCE = """
import os, signal, time
from assay_trainer.processes.children import Children, Limits
begin_session, os.setsid = os.setsid, lambda: time.sleep(60)
children = Children()
child = children.fork(lambda: b"", Limits())
os.kill(child.pid, signal.SIGKILL)
os.setsid = begin_session
second = children.fork(lambda: b"done", Limits())
exits = {}
while len(exits) < 2:
    exits.update({ended.pid: ended for ended in children.poll()})
print(exits[child.pid].how, exits[second.pid].how, exits[second.pid].output)
"""


def test_a_child_that_is_killed_before_it_leads_a_session_is_said_to_have_been_killed() -> None:
    said = subprocess.run(
        [sys.executable, "-c", KILLED_AT_ONCE], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout == "was killed by SIGKILL exited with status 0 b'done'\n"


RECORDS_BEYOND_ITS_TIME = """
import time
from assay_trainer.processes.children import Children, Limits, begin_to_record
def records():
    begin_to_record()
    time.sleep(1)
    return b"recorded"
children = Children()
slow = children.fork(lambda: time.sleep(60), Limits(seconds=0.2))
recording = children.fork(records, Limits(seconds=0.2))
exits = {}
while len(exits) < 2:
    exits.update({ended.pid: ended for ended in children.poll()})
    time.sleep(0.01)
print(exits[slow.pid].killed_for, exits[recording.pid].killed_for, exits[recording.pid].output)
"""


def test_what_is_being_recorded_is_not_cut_off_by_the_deadline() -> None:
    said = subprocess.run(
        [sys.executable, "-c", RECORDS_BEYOND_ITS_TIME], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout == "time None b'recorded'\n"


# ----------------------------------------------------------------------------- the worker of a pod


def test_a_worker_runs_all_items_and_says_how_each_ended(tmp_path: Path, dataset: Dataset) -> None:
    pod = Pod(tmp_path)
    behaviours = ["succeeds", "raises", "succeeds"]
    items = [a_trial(dataset, f"team.behaviours:{name}", seed=seed) for seed, name in enumerate(behaviours)]
    assert pod.run(*items) == ExitStatus.FAILED
    want_reasons = ["Succeeded", FailureReason.TRAIN_FUNCTION_RAISED, "Succeeded"]
    assert [message.reason for message in pod.last_words] == want_reasons
    assert [message.key for message in pod.last_words] == [item.key for item in items]
    assert pod.store.list("results/") == sorted(result_name(item.key) for item in (items[0], items[2]))


def test_a_worker_survives_the_death_of_an_item(tmp_path: Path, dataset: Dataset) -> None:
    pod = Pod(tmp_path)
    items = [a_trial(dataset, f"team.behaviours:{name}") for name in ("dies", "succeeds")]
    assert pod.run(*items) == ExitStatus.TRY_AGAIN
    assert [message.reason for message in pod.last_words] == [FailureReason.WORKER_DIED, "Succeeded"]


def test_a_trial_whose_mapped_file_was_cut_short_is_said_to_have_died_of_that(tmp_path: Path, dataset: Dataset) -> None:
    pod = Pod(tmp_path)
    assert pod.run(a_trial(dataset, "team.behaviours:reads_a_file_that_is_cut_short")) == ExitStatus.TRY_AGAIN
    (words,) = pod.last_words
    assert words.reason == FailureReason.WORKER_DIED
    assert "was killed by SIGBUS without a word: memory that it had mapped was taken away" in words.message
    assert "assay shards verify" in words.message


def test_a_worker_ends_a_trial_at_the_report_that_was_asked_for(tmp_path: Path, dataset: Dataset) -> None:
    pod = Pod(tmp_path)
    item = a_trial(
        dataset, "team.behaviours:ends_early", recipe={"then": "ends"}, fidelity=Fidelity(epochs=8, stop_after=3)
    )
    assert pod.run(item.model_copy(update={"wanted_epochs": (1, 3)})) == ExitStatus.DONE
    assert TrialResult.model_validate_json(pod.store.get(result_name(item.key))).score == 0.03


def test_a_worker_runs_as_many_items_side_by_side_as_its_request_says(tmp_path: Path, dataset: Dataset) -> None:
    pod, meeting = Pod(tmp_path), tmp_path / "meeting"
    meeting.mkdir()
    recipe = {"folder": str(meeting), "trials": 2}
    met = [a_trial(dataset, "team.behaviours:meets", recipe=recipe, seed=seed) for seed in (1, 2)]
    items = [*met, a_trial(dataset, "team.behaviours:raises"), a_trial(dataset, "team.behaviours:succeeds", seed=4)]
    assert pod.run(*items, at_once=2) == ExitStatus.FAILED
    want = {item.key: "Succeeded" for item in items} | {items[2].key: "TrainFunctionRaised"}
    assert {message.key: message.reason for message in pod.last_words} == want


def test_one_that_runs_out_of_memory_beside_others_is_not_blamed_and_takes_nobody_with_it(
    tmp_path: Path, dataset: Dataset
) -> None:
    pod = Pod(tmp_path)
    items = [
        a_trial(dataset, "team.behaviours:exhausts_memory_with_others"),
        a_trial(dataset, "team.behaviours:waits", recipe={"seconds": 1.5}, seed=1),
    ]
    assert pod.run(*items, at_once=2, options=[f"--memory-bytes={2 * 270 << 20}"]) == ExitStatus.TRY_AGAIN
    said = {message.key: message for message in pod.last_words}
    assert said[items[0].key].reason == FailureReason.OUT_OF_SHARED_MEMORY
    assert "more memory than 270 MiB" in said[items[0].key].message
    assert said[items[1].key].reason == "Succeeded"


def test_one_that_is_to_run_alone_has_no_other_beside_it_and_all_of_the_memory(
    tmp_path: Path, dataset: Dataset
) -> None:
    pod = Pod(tmp_path)
    first, second, third = (
        a_trial(dataset, "team.behaviours:says_when", recipe={"seconds": 0.2}, seed=seed) for seed in range(3)
    )
    alone = second.model_copy(update={"alone": True})
    assert pod.run(first, alone, third, at_once=3) == ExitStatus.DONE
    results = [TrialResult.model_validate_json(pod.store.get(result_name(item.key))) for item in (first, alone, third)]
    for earlier, later in pairwise(results):
        assert earlier.metrics["ended"] <= later.metrics["began"]


def test_a_trial_has_the_threads_that_it_asks_for_and_its_result_says_so(tmp_path: Path, dataset: Dataset) -> None:
    pod, folder = Pod(tmp_path), tmp_path / "meeting"
    folder.mkdir()
    asked = a_trial(dataset, "team.behaviours:meets", recipe={"folder": str(folder), "trials": 1})
    plain = a_trial(dataset, "team.behaviours:meets", recipe={"folder": str(folder), "trials": 1}, seed=1)
    assert pod.run(asked.model_copy(update={"threads": 3, "deterministic": True}), plain) == ExitStatus.DONE
    found = [TrialResult.model_validate_json(pod.store.get(result_name(item.key))) for item in (asked, plain)]
    assert [result.metrics["threads"] for result in found] == [3.0, 1.0]
    said = [(result.provenance.threads, result.provenance.deterministic) for result in found]
    assert said == [(3, True), (1, False)]


def test_who_uses_too_much_memory_is_told_the_limit_as_it_was_given(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY_LIMIT_VARIABLE, "300Mi")
    pod = Pod(tmp_path)
    item = a_trial(dataset, "team.behaviours:exhausts_memory_with_others")
    with pod.start(pod.put([item]), f"--memory-bytes={270 << 20}") as worker:
        worker.wait(60)
    (said,) = pod.last_words
    assert said.reason == FailureReason.OUT_OF_MEMORY
    assert "more memory than 270 MiB, its share of the limit of 300Mi" in said.message


def test_a_worker_that_is_told_to_end_says_that_its_items_were_disrupted(tmp_path: Path, dataset: Dataset) -> None:
    pod, running = Pod(tmp_path), tmp_path / "pids"
    recipe = {"pids": str(running), "end": "hangs"}
    items = [
        a_trial(dataset, "team.behaviours:leaves_processes", recipe=recipe),
        a_trial(dataset, "team.behaviours:succeeds"),
    ]
    with pod.start(pod.put(items)) as worker:
        until = time.monotonic() + 30
        while not running.exists():
            assert time.monotonic() < until, "the item did not start"
            time.sleep(0.01)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == ExitStatus.TOLD_TO_END
    assert [message.reason for message in pod.last_words] == [FailureReason.DISRUPTED] * 2
    assert not pod.store.list("results/")


def test_a_request_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    uri = (tmp_path / "requests" / "none.json").as_uri()
    command = [sys.executable, "-m", "assay_trainer.worker", uri]
    worker = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert worker.returncode == ExitStatus.UNREADABLE
    assert uri in worker.stderr


def a_message(reason: str, characters: int = 0) -> TerminationMessage:
    return TerminationMessage.model_validate({"key": KEY, "reason": reason, "message": "x" * characters})


@pytest.mark.parametrize(("items", "want_items"), [(1, 1), (3, 3), (20, 20), (200, 45)])
def test_last_words_fit_and_lose_texts_before_items(items: int, want_items: int) -> None:
    text = termination_log([a_message("TrainFunctionRaised", 1500)] * items)
    assert len(text) <= 4096
    kept = [TerminationMessage.model_validate(message) for message in json.loads(text)]
    assert min(want_items, 30) <= len(kept) <= want_items


@pytest.mark.parametrize(
    ("reasons", "told_to_end", "want"),
    [
        (["Succeeded"], False, ExitStatus.DONE),
        (["Succeeded"], True, ExitStatus.DONE),
        (["Succeeded", "ScoreNotFinite"], False, ExitStatus.FAILED),
        (["ScoreNotFinite", "WorkerDied"], False, ExitStatus.TRY_AGAIN),
        (["Succeeded", "Disrupted"], False, ExitStatus.TRY_AGAIN),
        (["ScoreNotFinite", "Disrupted"], True, ExitStatus.TOLD_TO_END),
    ],
)
def test_the_exit_status_is_that_of_the_worst_case(reasons: list[str], told_to_end: bool, want: int) -> None:
    assert exit_status([a_message(reason) for reason in reasons], told_to_end) == want
