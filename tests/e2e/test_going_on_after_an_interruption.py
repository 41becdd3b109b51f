"""`assay run` that is interrupted in the middle of its trials and started again: they go on from their checkpoints."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.toy_project import (
    STUDY,
    WITHOUT_PRELOADING,
    a_project,
    command,
    of_quality,
    results,
    run,
    write_manifests,
)

EPOCHS = 6

TRAIN = """
import time
from pathlib import Path

def train(trial):
    state = trial.restored or {"epoch": 0, "sum": 0}
    for epoch in range(state["epoch"] + 1, trial.fidelity.epochs + 1):
        with (Path(__file__).parent / "epochs.txt").open("a") as file:
            print(f"h{trial.recipe['quality']}/{trial.seed}", epoch, file=file)
        time.sleep(0.25)
        state = {"epoch": epoch, "sum": state["sum"] + epoch}
        trial.checkpoint(state)
    return {"accuracy": state["sum"] / 1000}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = a_project(tmp_path / "toy", hypotheses=2)
    (folder / "toy_team.py").write_text(TRAIN)
    study = (
        STUDY.replace("deadlineSeconds: 30", "deadlineSeconds: 30, checkpointSeconds: 1")
        .replace("{epochs: 4}", f"{{epochs: {EPOCHS}}}")
        .replace("  proxies: [{name: short, epochs: 1}]\n", "")
    )
    write_manifests(folder, study, of_quality(0), of_quality(1))
    return folder


def epochs_of(project: Path) -> dict[str, list[int]]:
    """Return the epochs that each trial has trained, in their order."""
    found = defaultdict(list)
    for line in (project / "epochs.txt").read_text().splitlines():
        trial, epoch = line.split()
        found[trial].append(int(epoch))
    return found


def kept(project: Path) -> int:
    return len({path.parent for path in (project / ".assay/store/default/checkpoints").rglob("*.state")})


def in_the_midst(project: Path) -> int:
    return (project / "epochs.txt").exists() and sum(2 in each for each in epochs_of(project).values())


@pytest.mark.parametrize(
    ("how", "when"), [(signal.SIGKILL, kept), (signal.SIGINT, in_the_midst)], ids=["SIGKILL", "Ctrl-C"]
)
def test_trials_of_an_interrupted_run_go_on_from_their_checkpoints(
    how: signal.Signals, when: Callable[[Path], int], project: Path
) -> None:
    interrupted = subprocess.Popen(
        command(project, "run", *WITHOUT_PRELOADING),
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 60
    while when(project) < 1:
        assert time.monotonic() < until, "it did not come so far"
        time.sleep(0.02)
    interrupted.send_signal(how)
    interrupted.wait(60)
    assert results(project) == {}
    before = {trial: len(epochs) for trial, epochs in epochs_of(project).items()}

    again = run(project)

    assert again.returncode == 0, again.stdout
    assert {result["score"] for result in results(project).values()} == {sum(range(EPOCHS + 1)) / 1000}
    went_on_at = [epochs_of(project)[trial][epochs] for trial, epochs in before.items()]
    assert max(went_on_at) > 1
    assert kept(project) == 0
