"""The process runner: the conformance suite, and what only processes do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from assay.planning.study.programs import Program
from assay.runners.processes import ProcessRunner
from assay.runners.protocol import RunnerFailed, UnusableProgram
from assay_trainer.contract import (
    Dataset,
    Failure,
    FailureReason,
    Fidelity,
    TrialRequest,
    TrialResult,
    WorkRequest,
    attempt_name,
    canonical_json,
    digest,
    result_name,
)
from assay_trainer.objects import Objects, open_objects
from builders.datasets import tiny_dataset
from builders.requests import a_trial
from runners.conformance import EntrypointConformance, FailureConformance, RunnerConformance, clear, reason, until_ended

MEMORY_BYTES = 256 << 20
GRACE_SECONDS = 0.3
TEAM = Path(__file__).parent


class ProcessWorld:
    def __init__(
        self, folder: Path, dataset: Dataset, *, preload: tuple[str, ...] = (), slots: int = 2, **options: Any
    ) -> None:
        self.folder = folder
        self.dataset = dataset
        self.store: Objects = open_objects((folder / "store").as_uri())
        self.runner = ProcessRunner(
            paths=[TEAM],
            log_folder=folder / "logs",
            slots=slots,
            memory_bytes=MEMORY_BYTES,
            preload=preload,
            grace_seconds=GRACE_SECONDS,
            **options,
        )
        self._seeds = count(1)

    def entrypoint(self, behaviour: str) -> str:
        return f"team.behaviours:{behaviour}"

    def trial(self, behaviour: str, **changes: object) -> TrialRequest:
        return a_trial(self.dataset, self.entrypoint(behaviour), seed=next(self._seeds), **changes)  # type: ignore[arg-type]

    def request(self, behaviour: str, *, attempt: int = 1, deadline_seconds: int = 60, trials: int = 1) -> WorkRequest:
        items = [self.trial(behaviour, attempt=attempt, deadline_seconds=deadline_seconds) for _ in range(trials)]
        return self.request_of(*items)

    def request_of(self, *items: TrialRequest) -> WorkRequest:
        return WorkRequest(store=self.store.uri, items=items)

    def start(self, request: WorkRequest) -> None:
        text = canonical_json(request.model_dump(mode="json"))
        name = f"requests/{digest(text).removeprefix('sha256:')}.json"
        self.store.put_if_absent(name, text)
        self.runner.start(request, f"{self.store.uri}/{name}")

    def leave_processes(self, end: str) -> tuple[WorkRequest, list[int]]:
        """Start a trial that has started two processes; their pids and its own."""
        trial = self.trial("leaves_processes")
        pids = self.folder / f"{trial.key}.pids"
        trial = a_trial(self.dataset, trial.entrypoint, seed=next(self._seeds), recipe={"pids": str(pids), "end": end})
        request = self.request_of(trial)
        self.start(request)
        return request, pids_in(pids)


def pids_in(file: Path) -> list[int]:
    eventually(file.exists)
    return [int(pid) for pid in file.read_text().split()]


def eventually(holds: object, seconds: float = 20.0) -> None:
    assert callable(holds)
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.01)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def none_lives(pids: list[int]) -> bool:
    return not any(lives(pid) for pid in pids)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory, dataset: Dataset) -> Iterator[ProcessWorld]:
    world = ProcessWorld(tmp_path_factory.mktemp("shared"), dataset)
    with world.runner:
        yield world


@pytest.fixture
def world(shared_world: ProcessWorld) -> Iterator[ProcessWorld]:
    yield shared_world
    clear(shared_world.runner)


@pytest.fixture
def own_world(tmp_path: Path, dataset: Dataset) -> Iterator[ProcessWorld]:
    world = ProcessWorld(tmp_path, dataset)
    with world.runner:
        yield world


class TestProcessRunner(RunnerConformance):
    pass


class TestFailuresOfProcesses(FailureConformance):
    pass


class TestEntrypointsOfProcesses(EntrypointConformance):
    pass


# ----------------------------------------------------------------------------- what is written down


def test_the_failure_of_a_killed_process_is_in_the_store(world: ProcessWorld) -> None:
    request = world.request("hangs_in_c", deadline_seconds=1)
    world.start(request)
    (attempt,) = until_ended(world.runner, request)
    failure = Failure.model_validate_json(world.store.get(attempt_name(attempt.key, 1)))
    assert failure.reason == FailureReason.DEADLINE_EXCEEDED
    assert failure.accelerator_seconds == attempt.accelerator_seconds > 0
    assert failure.deadline_seconds == 1


def test_a_stopped_attempt_leaves_no_failure(world: ProcessWorld) -> None:
    request = world.request("hangs")
    world.start(request)
    world.runner.stop(request.items[0].key)
    until_ended(world.runner, request)
    assert attempt_name(request.items[0].key, 1) not in world.store.list("attempts/")


def test_what_a_trial_prints_goes_to_its_log_and_what_it_reads_is_empty(world: ProcessWorld) -> None:
    request = world.request("reads_and_prints")
    world.start(request)
    (attempt,) = until_ended(world.runner, request)
    assert reason(attempt) == "Succeeded"
    lines = (world.folder / "logs" / f"{attempt.key}.1.log").read_text().splitlines()
    assert len(lines) == 20_001


def test_what_a_trial_returned_beside_its_metric_is_noted_in_its_result_and_its_log(world: ProcessWorld) -> None:
    request = world.request("returns_spare_values")
    world.start(request)
    (attempt,) = until_ended(world.runner, request)
    result = TrialResult.model_validate_json(world.store.get(result_name(attempt.key)))
    assert result.metrics == {"accuracy": result.score}
    log = (world.folder / "logs" / f"{attempt.key}.1.log").read_text().splitlines()
    assert [f"assay: {note}" for note in result.notes] == log
    assert [note.split(" ")[0] for note in result.notes] == ["run_url", "confusion", "checkpoint", "loss"]


def test_more_commands_and_events_than_pipes_hold_all_arrive(world: ProcessWorld) -> None:
    # 20 000 bytes of recipe each, and the fork server reads none while it forks: the pipe's 64 KiB are soon full
    trials = [
        a_trial(world.dataset, world.entrypoint("no_such_function"), seed=seed, recipe={"padding": "x" * 20_000})
        for seed in range(20)
    ]
    request = world.request_of(*trials)
    world.start(request)
    ended = until_ended(world.runner, request)
    assert {reason(attempt) for attempt in ended} == {FailureReason.ENTRYPOINT_NOT_FOUND}


def test_a_trial_that_is_to_run_alone_has_nothing_beside_it(world: ProcessWorld) -> None:
    alone = world.request_of(world.trial("reads_and_prints").model_copy(update={"alone": True}))
    before, after = world.request("reads_and_prints"), world.request("reads_and_prints")
    for request in (before, alone, after):
        world.start(request)
    first, middle, last = until_ended(world.runner, before, alone, after)
    assert first.ended_at is not None
    assert middle.ended_at is not None
    assert first.ended_at <= middle.started_at < middle.ended_at <= last.started_at


def test_a_trial_that_asks_for_more_devices_than_there_are_is_refused(world: ProcessWorld) -> None:
    request = world.request_of(world.trial("succeeds", devices=1000))
    with pytest.raises(ValueError, match="devices: given 1000"):
        world.runner.start(request, "")


def test_a_function_that_can_not_use_several_devices_is_refused_before_anything_runs(world: ProcessWorld) -> None:
    with pytest.raises(UnusableProgram, match="does not say that it can use more than one") as refusal:
        world.runner.code_digest(Program(world.entrypoint("succeeds"), devices=2))
    assert refusal.value.field == "devices"


def test_more_devices_than_there_are_are_refused_before_anything_runs(world: ProcessWorld) -> None:
    with pytest.raises(UnusableProgram, match="this machine has 0 GPUs") as refusal:
        world.runner.code_digest(Program("team.ranks:meet", devices=2))
    assert "--cpu-devices" in refusal.value.allowed


def test_on_request_a_trial_of_several_devices_has_as_many_processes_on_the_cpu(
    tmp_path: Path, dataset: Dataset
) -> None:
    world = ProcessWorld(tmp_path, dataset, cpu_devices=True, threads=3)
    trials = [
        a_trial(dataset, f"team.ranks:{name}", devices=2, recipe={"folder": str(tmp_path / name)})
        for name in ("meet", "use_all_from_one_process")
    ]
    (tmp_path / "meet").mkdir()
    with world.runner:
        assert world.runner.code_digest(Program("team.ranks:meet", devices=2))
        request = world.request_of(*trials)
        world.start(request)
        first, second = until_ended(world.runner, request)
    assert (reason(first), reason(second)) == ("Succeeded", "Succeeded")
    assert first.ended_at is not None
    assert first.ended_at <= second.started_at  # two slots, and each of them takes both
    result = TrialResult.model_validate_json(world.store.get(result_name(trials[0].key)))
    assert (result.cost.devices, result.metrics["world_size"], result.provenance.threads) == (2, 2.0, 3)


# ----------------------------------------------------------------------------- nothing is left behind


@pytest.mark.parametrize(
    ("end", "want_reason"),
    [("returns", "Succeeded"), ("dies", FailureReason.WORKER_DIED), ("hangs", FailureReason.STOPPED)],
)
def test_what_a_trial_started_ends_with_it(world: ProcessWorld, end: str, want_reason: str) -> None:
    request, pids = world.leave_processes(end)
    if end == "hangs":
        assert all(map(lives, pids))
        world.runner.stop(request.items[0].key)
    (attempt,) = until_ended(world.runner, request)
    assert reason(attempt) == want_reason
    eventually(lambda: none_lives(pids))


def test_a_trial_killed_from_outside_fails_alone_and_leaves_nothing(world: ProcessWorld) -> None:
    bystander = world.request("hangs")
    world.start(bystander)
    request, pids = world.leave_processes("hangs")
    os.kill(pids[-1], signal.SIGKILL)
    (attempt,) = until_ended(world.runner, request)
    assert reason(attempt) == FailureReason.WORKER_DIED
    eventually(lambda: none_lives(pids))
    assert [each.phase for each in world.runner.observe()] == ["Running", "Ended"]


def test_closing_leaves_nothing(own_world: ProcessWorld) -> None:
    _, pids = own_world.leave_processes("hangs")
    server = own_world.runner.fork_server_pid
    own_world.runner.close()
    assert none_lives([server, *pids])


def test_a_dead_fork_server_fails_what_it_ran_and_another_runs_the_rest(own_world: ProcessWorld) -> None:
    request, pids = own_world.leave_processes("hangs")
    rest = own_world.request("succeeds", trials=3)
    blocker = own_world.request("hangs")
    own_world.start(blocker)
    own_world.start(rest)
    os.kill(own_world.runner.fork_server_pid, signal.SIGKILL)
    killed = until_ended(own_world.runner, request, blocker)
    assert {reason(attempt) for attempt in killed} == {FailureReason.WORKER_DIED}
    assert killed[0].termination is not None
    assert "the fork server was killed by SIGKILL" in killed[0].termination.message
    assert none_lives(pids)
    assert {reason(attempt) for attempt in until_ended(own_world.runner, rest)} == {"Succeeded"}


def test_a_fork_server_that_keeps_dying_is_given_up(own_world: ProcessWorld) -> None:
    runner = own_world.runner
    runner.slots()
    first = runner.fork_server_pid
    os.kill(first, signal.SIGKILL)

    def has_another() -> bool:
        runner.wait(0.1)
        return runner.fork_server_pid != first

    eventually(has_another)
    runner.slots()
    os.kill(runner.fork_server_pid, signal.SIGTERM)
    with pytest.raises(RunnerFailed, match="the fork server exited with status 0"):
        runner.wait(20)


def test_a_fork_server_that_can_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken_module.py").write_text("raise ImportError('libcudart.so.13: cannot open shared object file')")
    environment = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(tmp_path)
    try:
        runner = ProcessRunner(paths=[], log_folder=tmp_path / "logs", preload=["broken_module"])
    finally:
        if environment is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = environment
    with runner, pytest.raises(RunnerFailed, match=r"libcudart\.so\.13: cannot open"):
        runner.slots()


PARENT = """
import sys, time
from pathlib import Path
from assay.runners.processes import ProcessRunner
from assay_trainer.contract import WorkRequest
runner = ProcessRunner(paths=[Path(sys.argv[1])], log_folder=Path(sys.argv[2]), preload=())
runner.start(WorkRequest.model_validate_json(sys.stdin.read()), "")
print(runner.fork_server_pid, flush=True)
time.sleep(600)
"""


def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path, dataset: Dataset) -> None:
    store, pids = open_objects((tmp_path / "store").as_uri()), tmp_path / "pids"
    trial = a_trial(dataset, "team.behaviours:leaves_processes", recipe={"pids": str(pids), "end": "hangs"})
    command = [sys.executable, "-c", PARENT, str(TEAM), str(tmp_path / "logs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(WorkRequest(store=store.uri, items=(trial,)).model_dump_json().encode())
        parent.stdin.close()
        server = int(parent.stdout.readline())
        started = pids_in(pids)
        assert all(map(lives, [server, *started]))
        parent.kill()
    eventually(lambda: none_lives([server, *started]))
    assert not store.list("attempts/")


# ----------------------------------------------------------------------------- the team's code


def test_an_edited_source_has_another_digest(tmp_path: Path, world: ProcessWorld) -> None:
    team = tmp_path / "mine"
    team.mkdir()
    source = team / "mine.py"
    source.write_text("def train(trial):\n    return {'accuracy': 0.1}\n")
    with ProcessRunner(paths=[team], log_folder=tmp_path / "logs", preload=()) as runner:
        first = runner.code_digest(Program("mine:train"))
        source.write_text("def train(trial):\n    return {'accuracy': 0.2}\n")
        second = runner.code_digest(Program("mine:train"))
        (team / "imported_by_it.py").write_text("A = 1\n")
        third = runner.code_digest(Program("mine:train"))
        source.write_text("import no_such_module\n")
        with pytest.raises(UnusableProgram, match="no_such_module"):
            runner.code_digest(Program("mine:train"))
    assert len({first, second, third, world.runner.code_digest(Program(world.entrypoint("succeeds")))}) == 4


def test_a_module_beside_the_package_counts_as_soon_as_it_is_imported(tmp_path: Path, dataset: Dataset) -> None:
    team, beside = tmp_path / "own_package", tmp_path / "beside_it.py"
    team.mkdir()
    (team / "__init__.py").write_text("")
    (team / "train.py").write_text("import beside_it\ndef train(trial):\n    return {'accuracy': beside_it.SCORE}\n")
    (tmp_path / "nobody_imports_it.py").write_text("")
    beside.write_text("SCORE = 0.1\n")
    store, program = open_objects((tmp_path / "store").as_uri()), Program("own_package.train:train")
    with ProcessRunner(paths=[tmp_path], log_folder=tmp_path / "logs", preload=()) as runner:
        code = runner.code_digest(program)
        (tmp_path / "nobody_imports_it.py").write_text("EDITED = True\n")
        assert runner.code_digest(program) == code
        found = runner.ingredients(code)
        assert found is not None
        assert found.files is not None
        assert found.files.keys() == {"__init__.py", "train.py", "beside_it"}
        first, second = (a_trial(dataset, program.entrypoint, seed=seed, code=code) for seed in (1, 2))
        runner.start(WorkRequest(store=store.uri, items=(first,)), "")
        until_ended(runner, WorkRequest(store=store.uri, items=(first,)))
        beside.write_text("SCORE = 0.2\n")
        runner.start(WorkRequest(store=store.uri, items=(second,)), "")
        with pytest.raises(RunnerFailed, match="were edited"):
            runner.wait(None)
    with ProcessRunner(paths=[tmp_path], log_folder=tmp_path / "logs", preload=()) as runner:
        assert runner.code_digest(program) != code
    assert store.list("results/") == [result_name(first.key)]


def test_a_trial_whose_code_was_edited_since_the_study_began_leaves_no_result(tmp_path: Path, dataset: Dataset) -> None:
    source = tmp_path / "edited_team.py"
    source.write_text("def train(trial):\n    return {'accuracy': 0.1}\n")
    store = open_objects((tmp_path / "store").as_uri())
    with ProcessRunner(paths=[tmp_path], log_folder=tmp_path / "logs", preload=()) as runner:
        code = runner.code_digest(Program("edited_team:train"))
        first, second = (a_trial(dataset, "edited_team:train", seed=seed, code=code) for seed in (1, 2))
        runner.start(WorkRequest(store=store.uri, items=(first,)), "")
        until_ended(runner, WorkRequest(store=store.uri, items=(first,)))
        source.write_text("def train(trial):\n    return {'accuracy': 0.2}\n")
        runner.start(WorkRequest(store=store.uri, items=(second,)), "")
        with pytest.raises(RunnerFailed, match="edited_team:train were edited"):
            runner.wait(None)
    assert store.list("results/") == [result_name(first.key)]


def test_what_an_entry_point_imports_is_imported_once_for_all_trials(tmp_path: Path, dataset: Dataset) -> None:
    (tmp_path / "importing_team.py").write_text(
        "import sys\nWAS_THERE = 'mlxtend.data' in sys.modules\nimport mlxtend.data\n"
        "def train(trial):\n    return {'accuracy': float(WAS_THERE)}\n"
    )
    store = open_objects((tmp_path / "store").as_uri())
    with ProcessRunner(paths=[tmp_path], log_folder=tmp_path / "logs") as runner:
        code = runner.code_digest(Program("importing_team:train"))
        request = WorkRequest(store=store.uri, items=(a_trial(dataset, "importing_team:train", code=code),))
        runner.start(request, "")
        (ended,) = until_ended(runner, request)
    assert TrialResult.model_validate_json(store.get(result_name(ended.key))).score == 1.0


@pytest.mark.parametrize("then", ["ends", "dies", "hangs_in_c"])
def test_a_trial_that_ends_at_a_report_has_its_result_however_its_clean_up_ends(world: ProcessWorld, then: str) -> None:
    fidelity = Fidelity(epochs=8, stop_after=3)
    trial = world.trial("ends_early", recipe={"then": then}, fidelity=fidelity, deadline_seconds=2)
    request = world.request_of(trial)
    world.start(request)
    (attempt,) = until_ended(world.runner, request)
    assert reason(attempt) == "Succeeded"
    result = TrialResult.model_validate_json(world.store.get(result_name(trial.key)))
    assert (result.score, [point.epoch for point in result.curve]) == (0.03, [1, 2, 3])
    assert not world.store.list(f"attempts/{trial.key}/")
