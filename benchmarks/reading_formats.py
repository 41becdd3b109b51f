"""MosaicML streaming (MDS) and WebDataset, as `reading.py` lets them read: run by the Python of an environment of their
own, which wants an older numpy. Knows nothing of Assay."""

from __future__ import annotations

import importlib
import io
import json
import resource
import sys
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch

BATCH, SHARD_BYTES = 512, 32 << 20


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def write_mds(task: dict[str, Any]) -> None:
    """Write images and labels as MDS, uncompressed, as its documentation has arrays."""
    writer_of = importlib.import_module("streaming").MDSWriter
    shape = ",".join(map(str, np.load(task["images"], mmap_mode="r").shape[1:]))
    columns = {"image": f"ndarray:uint8:{shape}", "label": "int"}
    with writer_of(out=task["to"], columns=columns, size_limit=SHARD_BYTES) as writer:
        for image, label in _examples(task):
            writer.write({"image": image, "label": label})


def write_wds(task: dict[str, Any]) -> None:
    """Write images (.npy) and labels (.cls) as tars of 32 MiB."""
    Path(task["to"]).mkdir()
    per_tar = max(1, SHARD_BYTES // (np.load(task["images"], mmap_mode="r")[0].nbytes + 2048))
    with ExitStack() as stack:
        for number, (image, label) in enumerate(_examples(task)):
            if number % per_tar == 0:
                stack.close()
                path = f"{task['to']}/{number // per_tar:05d}.tar"
                tar = stack.enter_context(tarfile.open(path, "w", format=tarfile.USTAR_FORMAT))
            buffer = io.BytesIO()
            np.save(buffer, image)
            for suffix, data in (("npy", buffer.getvalue()), ("cls", str(label).encode())):
                info = tarfile.TarInfo(f"{number:08d}.{suffix}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def _examples(task: dict[str, Any]) -> Iterator[tuple[np.ndarray, int]]:
    images, labels = np.load(task["images"], mmap_mode="r"), np.load(task["labels"])
    for image, label in zip(images, labels, strict=True):
        yield np.ascontiguousarray(image), int(label)


def read_mds(task: dict[str, Any]) -> list[float]:
    """Return the CPU seconds of a first, cold epoch and of a second one, from the copy that the first has left."""
    streaming = importlib.import_module("streaming")
    began = cpu_seconds()
    dataset = streaming.StreamingDataset(remote=task["uri"], local=task["local"], shuffle=True, batch_size=BATCH)
    return _two_epochs(
        lambda: streaming.StreamingDataLoader(dataset, batch_size=BATCH, num_workers=task["workers"]), began
    )


def read_wds(task: dict[str, Any]) -> list[float]:
    """Return the CPU seconds of two epochs. It keeps nothing by itself, so its second one may use a cache folder."""
    webdataset = importlib.import_module("webdataset")
    began = cpu_seconds()
    dataset = (
        webdataset.WebDataset(task["urls"], shardshuffle=100, cache_dir=task["local"])
        .shuffle(1000)
        .decode()
        .to_tuple("npy", "cls")
        .batched(BATCH)
    )
    return _two_epochs(lambda: webdataset.WebLoader(dataset, batch_size=None, num_workers=task["workers"]), began)


def _two_epochs(loader: Callable[[], Iterable[Any]], began: float) -> list[float]:
    found = []
    for _ in range(2):
        for _batch in loader():
            pass
        found.append(cpu_seconds() - began)
        began = cpu_seconds()
    return found


def main() -> None:
    """Do the task that is the only argument and print what it took as JSON."""
    torch.set_num_threads(1)
    task = json.loads(sys.argv[1])
    if task["do"].startswith("write"):
        {"write mds": write_mds, "write wds": write_wds}[task["do"]](task)
        return
    for name in ("streaming", "webdataset", "boto3"):
        importlib.import_module(name)
    print(json.dumps({"epochs": {"mds": read_mds, "wds": read_wds}[task["do"]](task)}))


if __name__ == "__main__":
    main()
