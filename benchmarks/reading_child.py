"""What a fresh process of `reading.py` does: it reads a data set in one way, and says what that took."""

from __future__ import annotations

import hashlib
import json
import mmap
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

THREADS, PART_BYTES = 8, 8 << 20


class AnonymousMemory:
    """Notes the largest RssAnon of this process, looking every five milliseconds, while the block runs."""

    def __enter__(self) -> AnonymousMemory:
        self.first = self.peak = _anonymous()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._ends.wait(0.005):
            self.peak = max(self.peak, _anonymous())

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        self.peak = max(self.peak, _anonymous())

    @property
    def grown(self) -> int:
        """The bytes by which it grew at most."""
        return self.peak - self.first


def _anonymous() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    return 0


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


# ----------------------------------------------------------------------------- yardsticks


def presigned(task: dict[str, Any], digested: bool) -> int:
    """Read all objects of the training split by ranges into one buffer, past every library but for the signatures."""
    from assay_trainer.objects.s3_client import S3Settings, s3_client

    client = s3_client(S3Settings.from_environment())
    names = list(task["objects"])
    parts = [
        (name, start, min(PART_BYTES, task["objects"][name] - start))
        for name in names
        for start in range(0, task["objects"][name], PART_BYTES)
    ]
    whole = memoryview(bytearray(sum(length for _, _, length in parts)))
    starts = np.cumsum([0, *(length for _, _, length in parts)]).tolist()
    own = threading.local()

    def read(index: int) -> None:
        name, start, length = parts[index]
        key = f"{task['prefix']}/{name}"
        url = urlsplit(client.generate_presigned_url("get_object", {"Bucket": task["bucket"], "Key": key}))
        if not hasattr(own, "socket"):
            own.socket = socket.create_connection((url.hostname or "", url.port or 80))
        asked = f"Host: {url.netloc}\r\nRange: bytes={start}-{start + length - 1}"
        own.socket.sendall(f"GET {url.path}?{url.query} HTTP/1.1\r\n{asked}\r\n\r\n".encode())
        _receive(own.socket, whole[starts[index] : starts[index] + length])
        if digested:
            hashlib.sha256(whole[starts[index] : starts[index] + length]).digest()

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(read, range(len(parts))):
            pass
    return len(whole)


def _receive(connection: socket.socket, buffer: memoryview) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(4096)
    assert head.startswith(b"HTTP/1.1 206"), head[:200]
    begun = head.partition(b"\r\n\r\n")[2]
    buffer[: len(begun)] = begun
    at = len(begun)
    while at < len(buffer):
        at += connection.recv_into(buffer[at:])


def mapped(task: dict[str, Any]) -> int:
    """Map the files of the training split, and add up their bytes, eight at a time."""
    total = 0
    for name in task["objects"]:
        with Path(task["folder"], name).open("rb") as file:
            data = np.frombuffer(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ), np.uint8)
        int(data[: len(data) // 8 * 8].view(np.uint64).sum())
        total += len(data)
    return total


# ----------------------------------------------------------------------------- ours


def arrays(task: dict[str, Any]) -> int:
    """Read what a trial of that percent gets, into arrays of its own."""
    from assay_trainer.subsets import random_window

    percent = task.get("percent", 100)
    choose = None if percent == 100 else lambda count, _labels: random_window(count, percent, 3).indices()
    images, labels = _opened(task).train(choose=choose)
    return int(images.nbytes + labels.nbytes)


def batches(task: dict[str, Any]) -> int:
    """Stream a whole epoch, and let go of each batch."""
    total = 0
    for batch in _opened(task).examples("train").batches(512):
        total += sum(each.nbytes for each in batch.values())
    return total


def epochs(task: dict[str, Any]) -> list[float]:
    """Return the CPU seconds of a first epoch, with the reading, and of a second one: shuffled batches of uint8."""
    began = cpu_seconds()
    images, labels = _opened(task).train()
    found = []
    for epoch in range(2):
        order = np.random.default_rng(epoch).permutation(len(labels))
        for first in range(0, len(order), 512):
            chosen = order[first : first + 512]
            images[chosen], labels[chosen]  # a batch; nothing is done with it, as by the others
        found.append(cpu_seconds() - began)
        began = cpu_seconds()
    return found


def _opened(task: dict[str, Any]) -> Any:
    from assay_trainer import contract
    from assay_trainer.data import open_dataset

    return open_dataset(contract.Dataset(manifest=task["manifest"], digest=task["digest"]))


HOW: dict[str, Callable[[dict[str, Any]], Any]] = {
    "presigned": lambda task: presigned(task, False),
    "presigned, sha256": lambda task: presigned(task, True),
    "mmap": mapped,
    "arrays": arrays,
    "batches": batches,
}


def main() -> None:
    """Do the task that is the only argument, after all imports, and print what it took as JSON."""
    import torch  # noqa: F401 - a trial has it

    task = json.loads(sys.argv[1])
    if task["warm"]:  # so that imports and the client are made before the clock starts, for all alike
        _opened(task["warm"]).train()
    if task["how"] == "epochs":
        print(json.dumps({"epochs": epochs(task)}))
        return
    if not task["watch"]:  # who looks at the memory takes time
        began = cpu_seconds()
        held = HOW[task["how"]](task)
        print(json.dumps({"seconds": cpu_seconds() - began, "bytes": held}))
        return
    with AnonymousMemory() as memory:
        held = HOW[task["how"]](task)
    print(json.dumps({"bytes": held, "memory": memory.grown}))


if __name__ == "__main__":
    main()
