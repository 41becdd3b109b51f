"""What the start of a trial costs where trials share a process that has imported everything. `python
benchmarks/packing.py`

Trials that train nothing are run in three ways, in turn: each by a worker of its own, as in a pod of its own (the
yardstick); packed, all by one worker; and packed side by side. What is counted is CPU seconds, those of all processes,
per trial; the packed ones' first worker start is shared by all of them, and shown apart. The local runner's trials are
forked in the same way, so what a packed trial adds is what a trial adds locally.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assay_trainer.contract import Dataset, TrialRequest, WorkRequest, result_name
from assay_trainer.objects import Objects, open_objects

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from builders.datasets import tiny_dataset
from builders.requests import a_trial

TRAIN_FUNCTION = """
import torch

def train(trial):
    images, labels = trial.training_data()
    model = torch.nn.Linear(images[0].size, len(trial.classes))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.from_numpy(images).flatten(1).float() / 255
    torch.nn.functional.cross_entropy(model(x), torch.from_numpy(labels)).backward()
    optimizer.step()
    return {"accuracy": 0.5}
"""
WANTED_SHARE, WANTED_SECONDS = 0.25, 0.3


def cpu_seconds() -> float:
    """Return the processor time of all children of this process that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Pods:
    """Runs workers as pods would, each with the given trials."""

    def __init__(self, folder: Path) -> None:
        (folder / "code").mkdir()
        (folder / "code" / "small.py").write_text(TRAIN_FUNCTION)
        self._code = folder / "code"
        self._store: Objects = open_objects((folder / "store").as_uri())
        self._dataset: Dataset = tiny_dataset(folder / "data")
        self._seed = 0

    def run(self, trials: int, at_once: int = 1) -> float:
        """Return the CPU seconds of a worker that runs so many new trials."""
        items = [self._trial() for _ in range(trials)]
        request = WorkRequest(store=self._store.uri, items=tuple(items), at_once=at_once)
        name = f"requests/{self._seed}.json"
        self._store.put_if_absent(name, request.model_dump_json().encode())
        command = [sys.executable, "-m", "assay_trainer.worker", f"{self._store.uri}/{name}", f"--path={self._code}"]
        began = cpu_seconds()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
        seconds = cpu_seconds() - began
        for item in items:
            self._store.get(result_name(item.key))
        return seconds

    def _trial(self) -> TrialRequest:
        self._seed += 1
        return a_trial(self._dataset, "small:train", seed=self._seed)


def spread(values: Sequence[float]) -> str:
    """Return the mean of some values with its standard error."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.3f} ± {error:.3f}"


def main() -> None:
    """Print what each way costs, and exit with 1 if packed trials cost more than they may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--trials", type=int, default=8, help="packed trials of a worker")
    given = parser.parse_args()
    alone, packed, beside = [], [], []
    with tempfile.TemporaryDirectory(prefix="assay-packing-") as folder:
        pods = Pods(Path(folder))
        pods.run(1)  # files are read once
        for _ in range(given.rounds):
            alone.append(pods.run(1))
            packed.append(pods.run(given.trials))
            beside.append(pods.run(given.trials, at_once=2))
    further = [(whole - one) / (given.trials - 1) for whole, one in zip(packed, alone, strict=True)]
    print(f"{platform.machine()}, Python {platform.python_version()}, {given.rounds} rounds, CPU s ± standard error")
    print(f"a pod of its own: {spread(alone)} per trial")
    most = 0.0
    for how, wholes in (("one after another", packed), ("two side by side", beside)):
        per_trial = spread([whole / given.trials for whole in wholes])
        shares = [whole / given.trials / one for whole, one in zip(wholes, alone, strict=True)]
        most = max(most, statistics.mean(shares))
        wanted = f"wanted at most {WANTED_SHARE}"
        print(f"{given.trials} packed, {how}: {per_trial} per trial, {spread(shares)} of a pod's; {wanted}")
    print(f"a further trial, as of the local runner: {spread(further)}; wanted at most {WANTED_SECONDS}")
    sys.exit(0 if most <= WANTED_SHARE and statistics.mean(further) <= WANTED_SECONDS else 1)


if __name__ == "__main__":
    main()
