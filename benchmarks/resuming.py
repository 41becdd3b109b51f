"""What an interruption costs a trial that keeps checkpoints, and what the checkpoints cost. `python
benchmarks/resuming.py [interruptions|price]`

Interruptions: a trial of `assay_trainer.vision` is ended at random moments, once by being told to (SIGTERM) and once by
SIGKILL, and then goes on in another attempt. Yardstick is the same trial left alone. Compared are the bits of all
weights, of the metrics, of the learning curve and of the loss on each held-out example. Shown is how many CPU seconds
of an ended attempt were kept, and how many were lost: never more than from one checkpoint to the next, with the step
and the write in which it was ended, and with the set-up if there was no checkpoint yet.

Price: the CPU seconds of a checkpoint of two networks against ten minutes of training on one thread, which is the time
from one to the next by default; and of a call that writes nothing against one step of the smaller network. In turn, in
one process. All of it takes about two minutes of CPU.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from assay_trainer import contract
from assay_trainer.checkpoints import NOTHING, Checkpoints, Spent
from assay_trainer.checkpoints.record import from_object
from assay_trainer.contract import Dataset, Fidelity, ItemEnded, StartItem, TrialRequest, TrialResult
from assay_trainer.device import use_device
from assay_trainer.objects import Objects, open_objects
from assay_trainer.processes.linux import cpu_seconds_of
from assay_trainer.processes.preload import DEFAULT_MODULES, be_single_threaded, preload
from assay_trainer.returned.curve import LearningCurve
from assay_trainer.trial import Trial
from assay_trainer.vision.train import fit
from assay_trainer.workers.supervisor import Supervisor

sys.path.insert(0, str(Path(__file__).parent))  # where the forked trials find this module
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from builders.datasets import tiny_dataset
from builders.requests import a_trial

WAYS = ("SIGTERM", "SIGKILL")
RECIPE = {"width": 8, "batchSize": 64, "dropout": 0.2, "flip": True, "averageDecay": 0.9, "evaluateEvery": 2}
SLACK_SECONDS = 0.1
"""The most CPU seconds of a step, a write and the end itself."""

PRICED: dict[str, dict[str, Any]] = {
    "convnet": {"width": 16, "batchSize": 128},
    "resnet9": {"architecture": "resnet9", "batchSize": 32},
}
WANTED_SHARE = 0.01


def train(trial: Trial) -> dict[str, float]:
    """Train as `assay_trainer.vision` does, and return a digest of the weights, too."""
    fitted = fit(trial)
    summed = hashlib.sha256()
    for tensor in fitted.model.state_dict().values():
        summed.update(tensor.contiguous().numpy().tobytes())
    return {**fitted.metrics, "weights": float(int(summed.hexdigest()[:12], 16))}


def mean(values: Sequence[float]) -> str:
    """Return the mean of some values with its standard error."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.3f} ± {error:.3f}"


# ----------------------------------------------------------------------------- interruptions


class Interruption(NamedTuple):
    """How a trial fared that was ended once."""

    way: str
    bits: Any
    kept_seconds: float
    lost_seconds: float
    """CPU seconds of the ended attempt that lie before its last checkpoint, and after it."""
    set_up_lost: bool
    """Whether it had no checkpoint yet, so that its set-up is among what was lost."""
    both: float
    """The CPU seconds of both attempts over those of the trial left alone."""


class Interrupted:
    """Runs the trial again and again, each time in a store of its own."""

    def __init__(self, folder: Path, epochs: int, interval: float) -> None:
        self._folder = folder
        self._dataset: Dataset = tiny_dataset(folder / "data", per_class=200, sizes=(28,))
        self._epochs = epochs
        self._stores = 0
        contract.CHECKPOINT_SECONDS = interval  # type: ignore[assignment]  # the setting has whole seconds
        be_single_threaded()
        preload(DEFAULT_MODULES)

    def alone(self) -> tuple[Any, float, float]:
        """Return the bits of the trial left alone, its CPU seconds, and the seconds of its set-up."""
        store = self._store()
        ended = self._run(store, 1)
        return self._bits(store), ended.accelerator_seconds, self._result(store).cost.setup_seconds

    def at(self, moment: float, way: str, alone_seconds: float) -> Interruption | None:
        """End the trial once it has taken so many CPU seconds, let it go on, and return how it fared; None if it had
        ended by then."""
        store = self._store()
        ended = self._run(store, 1, moment, way)
        if store.list("results/"):
            return None
        kept = self._kept(store)
        seconds = ended.accelerator_seconds + self._run(store, 2).accelerator_seconds
        return Interruption(
            way,
            self._bits(store),
            kept.accelerator_seconds,
            ended.accelerator_seconds - kept.accelerator_seconds,
            kept is NOTHING,
            seconds / alone_seconds,
        )

    def _run(self, store: Objects, attempt: int, moment: float | None = None, way: str = "") -> ItemEnded:
        item = self._trial(attempt)
        supervisor = Supervisor(log_folder=self._folder / "logs")
        started = supervisor.start(StartItem(store=store.uri, item=item))
        assert not isinstance(started, ItemEnded), started
        try:
            while True:
                for event in supervisor.poll():
                    assert isinstance(event, ItemEnded)
                    return event
                if moment is not None and cpu_seconds_of(started.pid) >= moment:
                    moment = None
                    if way == "SIGTERM":
                        supervisor.stop(item.key)
                    else:
                        os.kill(started.pid, signal.SIGKILL)
                time.sleep(0.002)
        finally:
            supervisor.close()

    def _trial(self, attempt: int) -> TrialRequest:
        fidelity = Fidelity(epochs=self._epochs)
        return a_trial(
            self._dataset, "resuming:train", recipe=RECIPE, fidelity=fidelity, attempt=attempt, deadline_seconds=600
        )

    def _store(self) -> Objects:
        self._stores += 1
        return open_objects((self._folder / f"store-{self._stores}").as_uri())

    def _kept(self, store: Objects) -> Spent:
        """Return what the last checkpoint has kept; nothing if there is none."""
        names = store.list("checkpoints/")
        return from_object(store.get(names[-1]))[0].spent if names else NOTHING

    def _result(self, store: Objects) -> TrialResult:
        (name,) = store.list("results/")
        return TrialResult.model_validate_json(store.get(name))

    def _bits(self, store: Objects) -> Any:
        result = self._result(store)
        assert not result.notes, result.notes
        curve = [(point.epoch, point.metrics) for point in result.curve]
        return result.metrics, curve, [each.digest for each in result.per_example]


def interruptions(given: argparse.Namespace) -> Iterator[str]:
    """Yield what was found; what begins with "NOT" is not as it should be."""
    with tempfile.TemporaryDirectory(prefix="assay-resuming-") as folder:
        trials = Interrupted(Path(folder), given.epochs, given.interval)
        trials.alone()  # files are read once
        want, *first = trials.alone()
        again, *second = trials.alone()
        cpu, set_up = (statistics.mean(each) for each in zip(first, second, strict=True))
        yield f"left alone: {cpu:.2f} CPU s; a checkpoint each {given.interval:g} s"
        if again != want:
            yield "NOT the same bits, even left alone"
        chosen, found = random.Random(given.seed), list[Interruption]()
        while len(found) < len(WAYS) * given.moments:
            moment = chosen.uniform(0.0, cpu)
            ended = [trials.at(moment, way, cpu) for way in WAYS]
            if None not in ended:
                found += [each for each in ended if each is not None]
    for way in WAYS:
        these = [each for each in found if each.way == way]
        same = sum(each.bits == want for each in these)
        yield f"{'' if same == len(these) else 'NOT '}{way}: the same bits in {same} of {len(these)}"
        kept, lost = [each.kept_seconds for each in these], [each.lost_seconds for each in these]
        yield (
            f"  CPU s of the ended attempt: kept {mean(kept)}, lost {mean(lost)}; both attempts took "
            f"{mean([each.both for each in these])} of one left alone"
        )
        most = max(each.lost_seconds - (set_up if each.set_up_lost else 0.0) for each in these)
        allowed = given.interval + SLACK_SECONDS
        yield f"  {'' if most <= allowed else 'NOT '}at most {most:.2f} s lost; wanted at most {allowed:.2f}"


# ----------------------------------------------------------------------------- price


class Priced:
    """A small network after some steps, the trial that it is trained in, and a clock that can be set forward."""

    def __init__(self, recipe: dict[str, Any], store: Objects, dataset: Dataset) -> None:
        self.now = 0.0
        item = a_trial(dataset, "resuming:train", recipe=recipe)
        self._checkpoints = Checkpoints(
            item, store, LearningCurve(), "cpu", spent=Spent, resume=lambda _: None, clock=lambda: self.now
        )
        examples = np.random.default_rng(0)
        size = int(recipe["batchSize"])
        data = examples.integers(0, 256, (8 * size, 28, 28, 1), np.uint8), examples.integers(0, 10, 8 * size)
        self.trial = Trial(
            recipe=recipe,
            fidelity=Fidelity(),
            seed=0,
            classes=tuple("0123456789"),
            training_data=lambda: data,
            held_out=lambda: (data[0][:50], data[1][:50]),
            checkpoints=self._checkpoints,
        )
        self._state: Callable[[], Any] = dict
        self._steps_ended: list[float] = []
        keep = self.trial.checkpoint
        self.trial.checkpoint = self._note  # type: ignore[method-assign]
        fit(self.trial)
        self.trial.checkpoint = keep  # type: ignore[method-assign]

    def _note(self, state: Any, **_: object) -> None:
        self._state = state
        self._steps_ended.append(time.process_time())

    @property
    def step_seconds(self) -> float:
        """The CPU seconds of a step."""
        return statistics.median(end - begin for begin, end in pairwise(self._steps_ended))

    def a_checkpoint(self) -> float:
        """Return the CPU seconds of a call that writes one."""
        self.now += contract.CHECKPOINT_SECONDS
        began = time.process_time()
        self.trial.checkpoint(self._state)
        return time.process_time() - began

    def a_call(self, times: int = 20_000) -> float:
        """Return the CPU seconds of a call that writes nothing."""
        state, began = self._state, time.process_time()
        for _ in range(times):
            self.trial.checkpoint(state)
        return (time.process_time() - began) / times

    def close(self) -> None:
        """Listen to no signals any longer."""
        self._checkpoints.close()


def price(given: argparse.Namespace) -> Iterator[str]:
    """Yield what was found; what begins with "NOT" is not as it should be."""
    torch.set_num_threads(1)
    use_device("cpu", threads=1)
    with tempfile.TemporaryDirectory(prefix="assay-resuming-") as folder:
        dataset = tiny_dataset(Path(folder) / "data")
        stores = {name: open_objects((Path(folder) / name).as_uri()) for name in PRICED}
        priced = {name: Priced(recipe, stores[name], dataset) for name, recipe in PRICED.items()}
        written: dict[str, list[float]] = {name: [] for name in PRICED}
        calls: list[float] = []
        for each in priced.values():
            each.a_checkpoint()
        for _ in range(given.rounds):
            for name, each in priced.items():
                written[name].append(each.a_checkpoint())
            calls.append(priced["convnet"].a_call())
        sizes = {name: len(store.get(store.list("checkpoints/")[-1])) for name, store in stores.items()}
        for each in priced.values():
            each.close()
    for name, seconds in written.items():
        share = statistics.mean(seconds) / contract.CHECKPOINT_SECONDS
        yield (
            f"{'' if share <= WANTED_SHARE else 'NOT '}{name}: {sizes[name] / 2**20:.1f} MiB, {mean(seconds)} CPU s, "
            f"{share:.4%} of {contract.CHECKPOINT_SECONDS} s of training; wanted at most {WANTED_SHARE:.0%}"
        )
    step = priced["convnet"].step_seconds
    yield (
        f"a call that writes nothing: {mean([1e6 * each for each in calls])} CPU µs, "
        f"{statistics.mean(calls) / step:.4%} of a step of {1e3 * step:.1f} ms"
    )


def main() -> None:
    """Measure and print, and exit with 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("interruptions", "price"))
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--interval", type=float, default=0.1, help="seconds from one checkpoint to the next")
    parser.add_argument("--rounds", type=int, default=10, help="of the prices")
    given = parser.parse_args()
    wrong = False
    for name, measured in (("price", price), ("interruptions", interruptions)):
        if given.what in (None, name):
            for line in measured(given):
                print(line, flush=True)
                wrong = wrong or line.lstrip().startswith("NOT")
    sys.exit(wrong)


if __name__ == "__main__":
    main()
