"""The lock of a study, held by real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.cli.lock import locked
from assay.runners.protocol import RunnerFailed
from assay_trainer.objects import StoreError

RUN = """
import subprocess, sys
from assay.cli.lock import locked
with locked(sys.argv[1], "toy") as lock:
    worker = subprocess.Popen(["sleep", sys.argv[2]], pass_fds=[lock])
    print(worker.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> str:
    return (tmp_path / "store").as_uri()


def run(store: str, worker_seconds: float) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-c", RUN, store, str(worker_seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
        process.kill()


def lives(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())  # empty: it has ended, and its parent does not know yet
    except FileNotFoundError:
        return False


def test_a_second_run_of_a_study_is_refused_and_another_study_is_not(store: str) -> None:
    for process, _ in run(store, 0):
        with pytest.raises(RunnerFailed, match=f"being run already, by process {process.pid}"), locked(store, "toy"):
            pass
        with locked(store, "other"):
            pass
    with locked(store, "toy"):
        pass


def test_a_run_after_one_that_was_killed_waits_for_its_workers(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    for process, worker in run(store, 1):
        process.send_signal(signal.SIGKILL)
        process.wait()
        with locked(store, "toy"):
            assert not lives(worker)
    assert "Waiting for the workers of an earlier run of study toy" in capfd.readouterr().err


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file/store"), locked((tmp_path / "file" / "store").as_uri(), "toy"):
        pass
