"""Train functions of several processes that behave in all the ways that their launcher must survive."""

import hashlib
import itertools
import os
import signal
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

from assay_trainer.ranks import uses_devices
from assay_trainer.trial import Trial

from . import behaviours


@uses_devices
def meet(trial: Trial) -> dict[str, float]:
    """Wait for the files of all ranks; the metric is the sum of what they hold."""
    folder = Path(str(trial.recipe["folder"]))
    said = f"{os.environ['RANK']} {os.environ['LOCAL_RANK']} {os.environ['WORLD_SIZE']} {os.environ['MASTER_PORT']}"
    (folder / f"{trial.rank}.unfinished").write_text(said)
    (folder / f"{trial.rank}.unfinished").rename(folder / str(trial.rank))
    _wait_for(*(folder / str(rank) for rank in range(trial.world_size)))
    trial.report(1, accuracy=float(trial.rank))
    return {"accuracy": float(trial.rank), "world_size": float(trial.world_size)}


@uses_devices
def burn(trial: Trial) -> dict[str, float]:
    """Rank 1 uses a second of the processor, while rank 0 waits for it."""
    done = Path(str(trial.recipe["folder"])) / "done"
    if trial.rank == 1:
        until = time.process_time() + 1.0
        while time.process_time() < until:
            pass
        done.touch()
    _wait_for(done)
    return {"accuracy": 0.5}


@uses_devices
def fail_on_rank_1(trial: Trial) -> dict[str, float]:
    """Rank 1 ends as the recipe says; rank 0 hangs, or loses it."""
    if trial.rank == 1:
        time.sleep(0.1)
        match trial.recipe["end"]:
            case "raises":
                raise ValueError("momentum and loss disagree")
            case "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exits":
                sys.exit(3)
    if trial.recipe.get("first") == "loses":
        time.sleep(0.5)
        raise RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:4242")
    _hang_in_c()
    return {}


@uses_devices
def return_while_another_hangs(trial: Trial) -> dict[str, float]:
    """Only rank 0 ends."""
    if trial.rank:
        _hang_in_c()
    return {"accuracy": 0.25}


@uses_devices
def burn_and_hang(trial: Trial) -> None:
    """Each rank uses .6 s of the processor, and then hangs where no exception reaches it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    until = time.process_time() + 0.6
    while time.process_time() < until:
        pass
    while True:
        time.sleep(60)


def use_all_from_one_process(trial: Trial) -> dict[str, float]:
    """Be called once."""
    return {"accuracy": 0.125, "world_size": float(trial.world_size), "is_rank": float("RANK" in os.environ)}


use_all_from_one_process.uses_devices = "itself"  # type: ignore[attr-defined]


def _hang_in_c() -> None:
    deque(itertools.repeat(None), maxlen=0)  # takes no signal before it ends, and it never does


def _wait_for(*files: Path) -> None:
    until = time.monotonic() + 30
    while not all(file.exists() for file in files):
        assert time.monotonic() < until, "another rank did not come"
        time.sleep(0.01)


@uses_devices
def trains_and_is_told_to_end(trial: Trial) -> dict[str, float]:
    """Train our own network. All ranks are told to end when rank 0 makes the call of `checkpoint` with the number that
    the recipe says, if it starts from the beginning. The metrics hold a digest of the weights."""
    from assay_trainer.vision.train import fit

    end_at, calls, keep = trial.recipe["end_at"], itertools.count(1), trial.checkpoint
    restored = trial.restored is not None

    def checkpoint(state: Any, **options: Any) -> None:
        if next(calls) == end_at and trial.rank == 0 and not restored:
            os.kill(os.getppid(), signal.SIGTERM)  # as whoever ends the trial would
            time.sleep(0.5)
        keep(state, **options)

    trial.checkpoint = checkpoint  # type: ignore[method-assign]
    trial.recipe = {"width": 4, "batchSize": 8, "dropout": 0.4, "averageDecay": 0.9, "evaluateEvery": 2}
    fitted = fit(trial)
    summed = hashlib.sha256()
    for tensor in fitted.model.state_dict().values():
        summed.update(tensor.contiguous().numpy().tobytes())
    weights = float(int(summed.hexdigest()[:12], 16))
    return {**fitted.metrics, "weights": weights, "restored": float(restored), "calls": float(next(calls) - 1)}


@uses_devices
def never_asks(trial: Trial) -> dict[str, float]:
    """Be told to end, and know nothing of checkpoints."""
    if trial.rank == 0:
        os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(30)
    return {"accuracy": 0.5}


@uses_devices
def keeps_and_fails(trial: Trial) -> dict[str, float]:
    """Keep a checkpoint. Then rank 1 ends as the recipe says, and rank 0 loses it."""
    assert trial.restored is None
    trial.checkpoint({"epoch": 1}, for_longer=True)
    kept = Path(str(trial.recipe["folder"])) / "kept"
    if trial.rank == 0:
        kept.touch()
        time.sleep(0.5)
        raise RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:4242")
    _wait_for(kept)
    if trial.recipe["end"] == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ValueError("momentum and loss disagree")


@uses_devices
def trains_in_epochs(trial: Trial) -> dict[str, float]:
    """Do the same in all ranks."""
    return behaviours.trains_in_epochs(trial)


@uses_devices
def change_their_examples(trial: Trial) -> dict[str, float]:
    """Each rank sets its images to its own number, and looks at them when the others have done so, too."""
    folder, before = Path(str(trial.recipe["folder"])), trial.training_data()[0]
    total = float(before.sum())
    before[:] = trial.rank + 1
    (folder / str(trial.rank)).touch()
    _wait_for(*(folder / str(rank) for rank in range(trial.world_size)))
    assert (before == trial.rank + 1).all()
    assert float(trial.training_data()[0].sum()) == total
    shared = "/memfd:examples" in Path("/proc/self/maps").read_text()
    return {"accuracy": total, "shared": float(shared)}
