"""What it costs to read a data set. `python benchmarks/reading.py [--parts s3 window trial memory formats] [...]`

Everything is read from a real S3 server on this machine, by fresh processes that take turns; counted are CPU seconds of
the client, imports left out. The data are images of random bytes. Each part prints its figures, means with their
standard error over the rounds, beside what is wanted:

s3       Reading a training split with digests, from S3 and from a warm cache of the machine. Yardsticks: presigned
         requests received straight into one buffer (without digests, and with), and the mapped files added up.
window   Which part of the bytes 10 % and 1 % of the training data move, counted by a proxy before the server.
trial    What a whole trial on 1 % of the data costs, as a part of one on all of it: 10 epochs, a fifth held out. Both
         run in a worker as a pod does, with the data in the machine's cache.
memory   The peak of anonymous memory above that of a process that has imported torch: reading everything, and streaming
         a set of --stream-gib. That set's index names the same 1 GiB of blocks again and again, so that it takes no
         more room on the disk; the reader, which has no cache, fetches each of them anew.
formats  A first, cold epoch in shuffled batches of 512 and a second one, beside MosaicML streaming (MDS) and WebDataset
         from the same server. These need `--install`, which makes an environment for them in --environments.

About 15 minutes, and 4 GiB of disk, with the defaults.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from assay_trainer import contract
from assay_trainer.objects import open_objects
from assay_trainer.shards import build_shards
from assay_trainer.shards.format import read_index, write_index
from assay_trainer.shards.format.index import index_of

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from builders.datasets import put_dataset
from builders.requests import a_trial
from builders.s3_server import BUCKET, S3Server

HERE, GIB = Path(__file__).parent, 2**30
NO_CACHE = ""
PARTS = ("s3", "window", "trial", "memory", "formats")
PACKAGES = ("mosaicml-streaming==0.13.0", "webdataset==1.0.2", "numpy<2.2", "torch")


class Sample(NamedTuple):
    """A mean and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Sample:
        error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
        return cls(statistics.fmean(values), error)

    def __str__(self) -> str:
        return f"{self.mean:.3g} ± {self.error:.1g}"


def line(what: str, value: object, wanted: str = "", is_met: bool | None = None) -> None:
    """Print a figure beside what is wanted."""
    verdict = "" if is_met is None else ("  met" if is_met else "  MISSED")
    print(f"  {what:58}{value!s:>18}  {wanted}{verdict}", flush=True)


class Stage:
    """The server, and what is on it."""

    def __init__(self, folder: Path, server: S3Server, rounds: int) -> None:
        self.folder, self.server, self.rounds = folder, server, rounds
        self.warm = self.put("warm", 256, 28, 1)[1]

    def put(self, name: str, count: int, side: int, channels: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Build a data set of so many training images and a few others; return the task of reading it from files, and
        of reading it from S3."""
        random = np.random.default_rng(side)
        source = self.folder / f"{name}.npz"
        shape = (side, side) if channels == 1 else (side, side, channels)
        np.savez(
            source,
            x_train=random.integers(0, 256, (count, *shape), np.uint8),
            y_train=np.arange(count) % 10,
            x_test=random.integers(0, 256, (100, *shape), np.uint8),
            y_test=np.arange(100) % 10,
        )
        local = build_shards(source, f"{self.folder}/{name}", name=name).dataset
        source.unlink()
        remote = put_dataset(local, f"s3://{BUCKET}/{name}")
        files = {
            str(path.relative_to(self.folder / name)): path.stat().st_size
            for path in sorted((self.folder / name / "train").rglob("*"))
            if path.is_file() and "blocks" not in path.name
        }
        more = {"objects": files, "folder": f"{self.folder}/{name}", "bucket": BUCKET, "prefix": name}
        return {**local.model_dump(), **more}, {**remote.model_dump(), **more}

    def run(self, task: dict[str, Any], how: str, *, cache: str = NO_CACHE, **more: Any) -> dict[str, Any]:
        """Return what a fresh process took to read in some way."""
        task = {**task, "how": how, "warm": getattr(self, "warm", None), "watch": False, **more}
        environment = {**os.environ, "ASSAY_CACHE": cache, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(HERE / "reading_child.py"), json.dumps(task)]
        done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


# ----------------------------------------------------------------------------- parts


def reading(stage: Stage, task: dict[str, Any]) -> None:
    """Compare ways of reading."""
    cache = f"{stage.folder}/cache"
    ways: dict[str, Callable[[], dict[str, Any]]] = {
        "yardstick: presigned, no digests": lambda: stage.run(task, "presigned"),
        "yardstick: presigned, sha256": lambda: stage.run(task, "presigned, sha256"),
        "yardstick: mapped files, added up": lambda: stage.run(task, "mmap"),
        "S3 with digests": lambda: stage.run(task, "arrays"),
        "warm cache": lambda: stage.run(task, "arrays", cache=cache),
    }
    ways["warm cache"]()  # this one fills it
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(stage.rounds):
        for name, way in ways.items():
            taken = way()
            found[name].append(taken["seconds"] / taken["bytes"] * GIB)
    print(f"\nReading, CPU seconds per GiB, n = {stage.rounds}")
    for name, values in found.items():
        sample, most = Sample.of(values), {"S3 with digests": 1.4, "warm cache": 0.6}.get(name)
        line(name, sample, f"≤ {most}" if most else "", sample.mean <= most if most else None)
    for ours, yardstick in (("S3 with digests", 0), ("S3 with digests", 1), ("warm cache", 2)):
        other = [name for name in ways if name.startswith("yardstick")][yardstick]
        ratios = [mine / theirs for mine, theirs in zip(found[ours], found[other], strict=True)]
        line(f"{ours} : {other.removeprefix('yardstick: ')}", f"{Sample.of(ratios)} x")
    shutil.rmtree(cache)


def window(stage: Stage, task: dict[str, Any]) -> None:
    """Count what a part of the data moves."""
    print("\nBytes that a part of the training data moves")
    with Counting(stage.server) as proxy:
        os.environ["AWS_ENDPOINT_URL_S3"] = proxy.endpoint
        stage.run(task, "arrays", warm=None)
        whole = proxy.take()
        for percent, most in ((10, 0.12), (1, None)):
            stage.run(task, "arrays", percent=percent, warm=None)
            share = proxy.take() / whole
            wanted = "" if most is None else f"≤ {most:.0%} of {whole / GIB:.2f} GiB"
            line(f"dataPercent: {percent}", f"{share:.2%}", wanted, None if most is None else share <= most)
        os.environ.update(stage.server.environment)


class Counting:
    """A proxy that passes everything on and counts what the server sends."""

    def __init__(self, server: S3Server) -> None:
        self._behind = urlsplit(server.endpoint)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._count, self._lock = 0, threading.Lock()

    def take(self) -> int:
        """Return the bytes since the last call."""
        with self._lock:
            found, self._count = self._count, 0
            return found

    def __enter__(self) -> Counting:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # it was closed
                return
            server = socket.create_connection((self._behind.hostname or "", self._behind.port or 80))
            for source, target, counts in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(source, target, counts), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        try:
            while data := source.recv(1 << 18):
                target.sendall(data)
                if counts:
                    with self._lock:
                        self._count += len(data)
        except OSError:
            pass
        finally:
            target.close()


def trial(stage: Stage, examples: int, epochs: int) -> None:
    """Compare whole trials."""
    random = np.random.default_rng(1)
    source = stage.folder / "trial.npz"
    np.savez(source, x=random.integers(0, 256, (examples, 28, 28), np.uint8), y=np.arange(examples) % 10)
    local = build_shards(source, f"{stage.folder}/trial", name="trial", held_out_percent=20).dataset
    dataset = put_dataset(local, f"s3://{BUCKET}/trial")
    store = open_objects(f"s3://{BUCKET}/results")
    recipes: dict[str, dict[str, Any]] = {"default recipe": {}, "bf16": {"bf16": True}}
    arms = {"reference": contract.Fidelity(epochs=epochs), "1 %": contract.Fidelity(epochs=epochs, data_percent=1)}
    items = {
        (name, arm, seed): a_trial(
            dataset, "assay_trainer.vision:train", seed=seed, recipe=recipe, fidelity=fidelity, deadline_seconds=3600
        )
        for seed in range(stage.rounds + 1)  # the first one fills the machine's cache, and does not count
        for name, recipe in recipes.items()
        for arm, fidelity in arms.items()
        if seed or arm == "1 %"
    }
    request = contract.WorkRequest(store=store.uri, items=tuple(items.values()))
    store.put_if_absent("requests/one.json", request.model_dump_json().encode())
    command = [sys.executable, "-m", "assay_trainer.worker", f"{store.uri}/requests/one.json"]
    environment = {**os.environ, "ASSAY_CACHE": f"{stage.folder}/trials", "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    costs = {
        each: contract.TrialResult.model_validate_json(store.get(contract.result_name(item.key))).cost
        for each, item in items.items()
    }
    print(
        f"\nA trial on 1 % of {examples * 4 // 5} images, {epochs} epochs, {examples // 5} held out, n = {stage.rounds}"
    )
    for name in recipes:
        rounds = range(1, stage.rounds + 1)
        short, full = ([costs[name, arm, seed] for seed in rounds] for arm in ("1 %", "reference"))
        shares = [
            100 * one.accelerator_seconds / other.accelerator_seconds for one, other in zip(short, full, strict=True)
        ]
        sample = Sample.of(shares)
        line(f"{name}: share of the reference's CPU seconds, %", sample, "≤ 3", sample.mean <= 3)
        line("  CPU seconds of the reference", Sample.of([each.accelerator_seconds for each in full]))
        line("  CPU seconds of the trial", Sample.of([each.accelerator_seconds for each in short]))
        for part in ("setup_seconds", "training_seconds", "evaluation_seconds"):
            share = statistics.fmean(getattr(each, part) / each.wall_seconds for each in short)
            line(f"  of its wall time: {part.removesuffix('_seconds')}", f"{share:.0%}")


def memory(stage: Stage, task: dict[str, Any], stream_gib: int) -> None:
    """Look at the peaks of memory."""
    print("\nPeak of anonymous memory above a process that has imported torch")
    for name, cache in (("from S3", NO_CACHE), ("from a warm cache", f"{stage.folder}/cache")):
        if cache:
            stage.run(task, "arrays", cache=cache)
        taken = stage.run(task, "arrays", cache=cache, watch=True)
        ratio = taken["memory"] / taken["bytes"]
        line(f"all {taken['bytes'] / GIB:.2f} GiB {name}: times that", f"{ratio:.3f} x", "≤ 1.2", ratio <= 1.2)
    shutil.rmtree(f"{stage.folder}/cache")
    endless, block = repeated(task, stream_gib * GIB)
    taken = stage.run(endless, "batches", watch=True)
    most = (512 << 20) + 2 * block
    line(
        f"streaming {taken['bytes'] / GIB:.2f} GiB: MiB",
        f"{taken['memory'] / 2**20:.0f}",
        f"≤ {most >> 20}",
        taken["memory"] <= most,
    )


def repeated(task: dict[str, Any], wanted: int) -> tuple[dict[str, Any], int]:
    """Return the task of reading a data set whose training split goes through the blocks of another one again and
    again, and the bytes of the largest block."""
    objects = open_objects(task["manifest"].rpartition("/")[0])
    manifest = contract.read_manifest(objects.get("manifest.json"))
    assert isinstance(manifest, contract.ExamplesManifest)
    times = math.ceil(wanted / sum(task["objects"].values()))
    groups, largest = {}, 0
    for name, group in manifest.train.files.items():
        index = read_index(objects.get(group.index), manifest.train.examples)
        rows = [
            (index.files[file], *rest)
            for file, *rest in zip(
                index.file.tolist(),
                index.offset.tolist(),
                index.length.tolist(),
                index.examples.tolist(),
                index.sha256,
                strict=True,
            )
        ]
        largest = max(largest, int(index.length.max()))
        data = write_index(index_of(rows * times))
        path = f"endless/{name}.arrow"
        objects.put_if_absent(path, data)
        update = {"index": path, "bytes": len(data), "digest": contract.digest(data)}
        groups[name] = group.model_copy(update={**update, "data_bytes": group.data_bytes * times})
    train = manifest.train.model_copy(update={"examples": manifest.train.examples * times, "files": groups})
    data = contract.canonical_json(manifest.model_copy(update={"train": train}).model_dump(mode="json"))
    objects.put_if_absent("endless.json", data)
    return {"manifest": f"{objects.uri}/endless.json", "digest": contract.digest(data)}, largest


def formats(stage: Stage, python: Path | None, workers: int) -> None:
    """Compare with other formats."""
    if python is None:
        print("\nOther formats: SKIPPED, since there is no environment with MosaicML streaming; --install makes one")
        return
    wanted = {28: 3, 64: 3, 96: 2}
    for side, channels, count in ((96, 3, 3_000), (64, 3, 6_000), (28, 1, 20_000)):
        name = f"px-{side}"
        task = stage.put(name, count, side, channels)[1]
        others = _others(stage, python, name, task, workers)
        found: dict[str, list[list[float]]] = {each: [] for each in ("assay", *others)}
        for _ in range(stage.rounds):
            found["assay"].append(stage.run(task, "epochs")["epochs"])
            for each, read in others.items():
                found[each].append(read())
        print(f"\n{count} images of {side} x {side} x {channels}, CPU µs a sample, n = {stage.rounds}")
        for epoch, what in enumerate(("first epoch, cold", "second epoch")):
            for each, runs in found.items():
                line(f"{what}: {each}", Sample.of([1e6 * run[epoch] / count for run in runs]))
            for each in others:
                times = Sample.of([b[epoch] / a[epoch] for a, b in zip(found["assay"], found[each], strict=True)])
                least = wanted[side] if epoch == 0 else 10
                line(f"{what}: {each} takes, times ours", times, f"≥ {least}", times.mean >= least)


def _others(
    stage: Stage, python: Path, name: str, task: dict[str, Any], workers: int
) -> dict[str, Callable[[], list[float]]]:
    """Put the same examples into the server in other formats; return functions that read them."""
    from assay_trainer.data import open_dataset

    images, labels = open_dataset(contract.Dataset(manifest=task["manifest"], digest=task["digest"])).train()
    np.save(stage.folder / "images.npy", images)
    np.save(stage.folder / "labels.npy", labels)
    client = stage.server.client()
    for each in ("mds", "wds"):
        folder = stage.folder / f"{name}-{each}"
        _python(python, {"do": f"write {each}", "to": str(folder), **_arrays(stage.folder)})
        for path in folder.iterdir():
            client.upload_file(str(path), BUCKET, f"{name}-{each}/{path.name}")
    urls = [
        client.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": f"{name}-wds/{path.name}"})
        for path in sorted((stage.folder / f"{name}-wds").iterdir())
    ]
    (stage.folder / "images.npy").unlink()

    def read(each: str) -> list[float]:
        local = stage.folder / "local"
        shutil.rmtree(local, ignore_errors=True)
        local.mkdir()
        task = {"do": each, "uri": f"s3://{BUCKET}/{name}-{each}", "urls": urls, "local": str(local)}
        found: list[float] = _python(python, {**task, "workers": workers})["epochs"]
        return found

    return {each: lambda each=each: read(each) for each in ("mds", "wds")}  # type: ignore[misc]


def _arrays(folder: Path) -> dict[str, str]:
    return {"images": str(folder / "images.npy"), "labels": str(folder / "labels.npy")}


def _python(python: Path, task: dict[str, Any]) -> dict[str, Any]:
    # its own S3 client knows the general variable alone
    environment = {**os.environ, "S3_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL_S3"], "OMP_NUM_THREADS": "1"}
    command = [str(python), str(HERE / "reading_formats.py"), json.dumps(task)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{task['do']}: {done.stderr[-3000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1])) if done.stdout.strip() else {}


def environment_of(folder: Path, install: bool) -> Path | None:
    """Return the Python of the environment with the other formats; None if there is none."""
    python = folder / "reading" / "bin" / "python"
    if not python.exists():
        if not install:
            return None
        subprocess.run([sys.executable, "-m", "venv", str(folder / "reading")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--mib", type=int, default=1024, help="the training split of the parts s3, window and memory")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--examples", type=int, default=60_000, help="of the part trial, a fifth of them held out")
    parser.add_argument("--epochs", type=int, default=10, help="of the part trial")
    parser.add_argument("--stream-gib", type=int, default=8)
    parser.add_argument("--workers", type=int, default=0, help="of the other formats' loaders; 0 is cheapest for them")
    parser.add_argument("--install", action="store_true", help="make the environment for other formats (pip, 6 GB)")
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache" / "assay-benchmarks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "s3").mkdir()
        with S3Server(folder / "s3") as server:
            os.environ.update(server.environment)
            run(options, Stage(folder, server, options.rounds))


def run(options: argparse.Namespace, stage: Stage) -> None:
    """Run the parts, one after another."""
    if {"s3", "window", "memory"} & set(options.parts):
        local, task = stage.put("images", options.mib * 2**20 // 28**2, 28, 1)
        del local
        time.sleep(2.1)  # a file that is younger may still change unseen, so that no check of it is remembered
        if "s3" in options.parts:
            reading(stage, task)
        if "window" in options.parts:
            window(stage, task)
        if "memory" in options.parts:
            memory(stage, task, options.stream_gib)
    if "trial" in options.parts:
        trial(stage, options.examples, options.epochs)
    if "formats" in options.parts:
        formats(stage, environment_of(options.environments, options.install), options.workers)


if __name__ == "__main__":
    main()
