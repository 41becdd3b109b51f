"""Train functions that behave in all the ways that a runner must survive."""

import itertools
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np

from assay_trainer.contract import WorkRequest, result_name
from assay_trainer.objects import StoreError, open_objects
from assay_trainer.trial import Trial


def succeeds(trial: Trial) -> dict[str, float]:
    return {"accuracy": trial.seed / 1000}


def raises(trial: Trial) -> dict[str, float]:
    raise ValueError("momentum and loss disagree")


def returns_nan(trial: Trial) -> dict[str, float]:
    return {"accuracy": float("nan")}


def returns_nothing(trial: Trial) -> None:
    return None


def returns_spare_values(trial: Trial) -> dict[str, object]:
    trial.run_url = Path("runs/1")  # type: ignore[assignment]
    return {**succeeds(trial), "confusion": [[1, 0], [0, 1]], "checkpoint": Path("model.pt"), "loss": float("inf")}


def exits(trial: Trial) -> None:
    sys.exit(0)


def exits_at_once(trial: Trial) -> None:
    os._exit(7)


def dies(trial: Trial) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def reads_a_file_that_is_cut_short(trial: Trial) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(1 << 20)
        mapped = mmap.mmap(file.fileno(), 1 << 20)
        file.truncate(0)
        bytes(mapped[:1])


def crashes(trial: Trial) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hangs(trial: Trial) -> None:
    while True:
        time.sleep(60)


def hangs_in_c(trial: Trial) -> None:
    deque(itertools.repeat(None), maxlen=0)  # takes no signal before it ends, and it never does


def exhausts_memory(trial: Trial) -> None:
    held = []
    while True:
        held.append(b"x" * (32 << 20))


def exhausts_memory_with_others(trial: Trial) -> None:
    """Start processes that exceed the memory limit together, but none alone."""
    code = "import time; held = b'x' * (80 << 20); time.sleep(20)"
    others = [subprocess.Popen([sys.executable, "-S", "-c", code]) for _ in range(4)]
    for other in others:
        other.wait()


def reads_and_prints(trial: Trial) -> dict[str, float]:
    assert sys.stdin.read() == ""
    for _ in range(20_000):
        print("a line that is no event, " * 4)
    os.write(1, b'{"event": "nonsense"}\n')
    return {"accuracy": 0.5}


def leaves_processes(trial: Trial) -> dict[str, float]:
    """Leave behind a process in its own process group and one that has detached itself; then end as the recipe says."""
    sleeping = [sys.executable, "-S", "-c", "import time; time.sleep(300)"]
    pids = [
        subprocess.Popen(sleeping, stdout=subprocess.DEVNULL).pid,
        subprocess.Popen(sleeping, start_new_session=True).pid,
        os.getpid(),
    ]
    unfinished = Path(str(trial.recipe["pids"]) + ".unfinished")
    unfinished.write_text(" ".join(map(str, pids)))
    unfinished.rename(trial.recipe["pids"])
    if trial.recipe["end"] == "dies":
        dies(trial)
    if trial.recipe["end"] == "hangs":
        hangs(trial)
    return {"accuracy": 0.5}


def looks_around(trial: Trial) -> dict[str, float]:
    """Return 1 as the metric for each thing that the trial could do but should not be able to."""
    token = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    return {
        "accuracy": 1.0,
        "has_token": float(token.exists()),
        "reads_others": float(_can(open_objects(trial.recipe["others"]).get, "secret")),
        "lists_others": float(_can(open_objects(trial.recipe["others"]).list, "")),
        "writes_data": float(_can(open_objects(trial.recipe["datasets"]).put_if_absent, "written", b"")),
        "writes_root": float(_can(Path("/app/written").touch)),
        "is_root": float(os.getuid() == 0),
    }


def _can(act: Callable[..., object], *arguments: object) -> bool:
    try:
        act(*arguments)
    except (StoreError, OSError):
        return False
    return True


def waits(trial: Trial) -> dict[str, float]:
    """Wait for as many seconds as the recipe says."""
    print("waiting", flush=True)
    time.sleep(trial.recipe["seconds"])
    return succeeds(trial)


def meets(trial: Trial) -> dict[str, float]:
    """Wait until as many trials as the recipe says are here at the same time."""
    folder = Path(str(trial.recipe["folder"]))
    (folder / str(trial.seed)).touch()
    until = time.monotonic() + 30
    while len(list(folder.iterdir())) < trial.recipe["trials"]:
        assert time.monotonic() < until, "the others did not come"
        time.sleep(0.01)
    return {"accuracy": trial.seed / 1000, "threads": float(trial.threads)}


def says_when(trial: Trial) -> dict[str, float]:
    """Take as many seconds as the recipe says; the metrics say when that was."""
    began = time.monotonic()
    time.sleep(trial.recipe["seconds"])
    return {"accuracy": 0.5, "began": began, "ended": time.monotonic()}


def holds_memory(trial: Trial) -> dict[str, float]:
    """Hold as many MiB as the recipe says."""
    held = b"x" * (int(trial.recipe["mebibytes"]) << 20)
    return {"accuracy": trial.seed / 1000 + len(held) / 2**40}


def ends_early(trial: Trial) -> None:
    """Report each epoch; what follows when the trial has ended is as the recipe says."""
    try:
        for epoch in range(1, trial.fidelity.epochs + 1):
            trial.report(epoch, accuracy=epoch / 100)
    finally:
        {"dies": dies, "hangs_in_c": hangs_in_c, "ends": succeeds}[trial.recipe["then"]](trial)


def goes_on(trial: Trial) -> dict[str, float]:
    """Keep a checkpoint, and wait for the end unless there was one already; the score says where it began."""
    if (state := trial.restored) is not None:
        return {"accuracy": state["epoch"] / 100}
    until = time.process_time() + 0.5  # what the next attempt does not have to do again
    while time.process_time() < until:
        pass
    print("waiting", flush=True)
    while True:
        trial.checkpoint({"epoch": 7})
        time.sleep(0.1)


def trains_in_epochs(trial: Trial) -> dict[str, float]:
    """Train a linear classifier, and keep a checkpoint after each epoch.

    Each epoch leaves its mark in the store at `marks`, so that an epoch that is done twice is noticed; `pause` is how
    many seconds it takes in addition. The metrics say with which epoch this attempt began.
    """
    images, labels = trial.training_data()
    inputs = images.reshape(len(images), -1) / 255
    state = trial.restored or {
        "epoch": 0,
        "weights": np.zeros((inputs.shape[1], len(trial.classes))),
        "random": np.random.default_rng(trial.seed).bit_generator.state,
    }
    random = np.random.default_rng()
    random.bit_generator.state = state["random"]
    weights, first = state["weights"], state["epoch"] + 1
    for epoch in range(first, trial.fidelity.epochs + 1):
        for rows in np.array_split(random.permutation(len(inputs)), 6):
            odds = np.exp(inputs[rows] @ weights)
            odds /= odds.sum(axis=1, keepdims=True)
            odds[np.arange(len(rows)), labels[rows]] -= 1
            weights = weights - 0.1 * inputs[rows].T @ odds / len(rows)
        time.sleep(trial.recipe["pause"])
        _leave_mark(trial, epoch)
        trial.report(epoch, accuracy=float((np.argmax(inputs @ weights, axis=1) == labels).mean()))
        trial.checkpoint({"epoch": epoch, "weights": weights, "random": random.bit_generator.state})
    return {"accuracy": float(weights.sum()), "first": float(first)}


def _leave_mark(trial: Trial, epoch: int) -> None:
    name = f"{trial.seed}-{trial.recipe['pause']}/{epoch:03}-{trial.rank}"
    assert open_objects(trial.recipe["marks"]).put_if_absent(name, b"done"), f"epoch {epoch} is done a second time"


def writes_garbage(trial: Trial) -> dict[str, float]:
    """Put what is no result to where the trial's result belongs."""
    store = open_objects(trial.recipe["store"])
    requests = [WorkRequest.model_validate_json(store.get(name)) for name in store.list("requests/")]
    (key,) = (item.key for request in requests for item in request.items if dict(trial.recipe) == item.recipe)
    store.put_if_absent(result_name(key), b"\0garbage")
    return {"accuracy": 0.5}


def exhausts_shared_memory(trial: Trial) -> None:
    """Use memory that the limit of a process's own memory does not count."""
    held = []
    while True:
        held.append(mmap.mmap(-1, 8 << 20))
        held[-1].write(b"x" * (8 << 20))
