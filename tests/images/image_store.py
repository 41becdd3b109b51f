"""Images as a containerd of a node has them: unpacked, ready to run, kept in the cache.

To bring five gigabytes into a new containerd takes minutes. So they are brought into one that only does that; its
folder is kept, and each node's containerd starts with what is in there (`share_with_node`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.processes import Processes, wait_until
from images import buildah

STORE = "containerd"
"""The name of a store in its folder."""

_CONTENT = Path("io.containerd.content.v1.content")
_BLOBS = _CONTENT / "blobs" / "sha256"
_SNAPSHOTS = Path("io.containerd.snapshotter.v1.overlayfs")
_DATABASES = (Path("io.containerd.metadata.v1.bolt") / "meta.db", _SNAPSHOTS / "metadata.db")

_CONFIGURATION = """\
version = 2
root = "{root}"
state = "{runtime}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{runtime}/socket"
"""


class ImageStore:
    """A containerd that takes in images, into the folder `root`, as long as the `with` block lasts."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._runtime = tempfile.TemporaryDirectory(prefix="assay-")
        self._processes = Processes(Path(self._runtime.name) / "logs")
        self._ctr = ["ctr", f"--address={self._runtime.name}/socket", "--namespace=k8s.io"]

    def __enter__(self) -> ImageStore:
        configuration = Path(self._runtime.name) / "containerd.toml"
        configuration.write_text(_CONFIGURATION.format(root=self._root, runtime=self._runtime.name))
        own_mounts = ["unshare", "--mount", "--propagation=private"]
        command = [*own_mounts, "containerd", f"--config={configuration}"]
        self._containerd = self._processes.start("containerd", command)
        ready = [*self._ctr, "version"]
        wait_until(lambda: subprocess.run(ready, capture_output=True).returncode == 0, "containerd", self._containerd)
        return self

    def __exit__(self, *_: object) -> None:
        self._containerd.terminate()
        self._processes.kill()
        self._runtime.cleanup()

    def add(self, name: str) -> str:
        """Take in an image of buildah's, which can then be run by this name and by its digest; the digest."""
        with tempfile.TemporaryDirectory(dir=self._root.parent, prefix=".layout-") as folder:
            layout = Path(folder)
            blobs = layout / "blobs" / "sha256"
            blobs.mkdir(parents=True)
            for blob in (self._root / _BLOBS).glob("*"):
                (blobs / blob.name).symlink_to(blob)  # known, so neither copied nor taken in again
            buildah.copy_to_layout(name, layout, name)
            new = [str(file.relative_to(layout)) for file in layout.rglob("*") if not file.is_symlink()]
            with subprocess.Popen(
                ["tar", f"--directory={layout}", "--create", "--no-recursion", *new], stdout=subprocess.PIPE
            ) as tar:
                command = [*self._ctr, "images", "import", "--snapshotter=overlayfs", "-"]
                subprocess.run(command, stdin=tar.stdout, check=True, capture_output=True)
        digest = self._images()[name]
        self._tag(name, f"{name.rpartition(':')[0]}@{digest}")
        return digest

    def remove_all_but(self, *names: str) -> None:
        """Remove the other images, with the layers that are only theirs."""
        by_name = self._images()
        kept = {by_name[name] for name in names}
        for other in [name for name, digest in by_name.items() if digest not in kept]:
            subprocess.run([*self._ctr, "images", "remove", "--sync", other], check=True, capture_output=True)

    def _images(self) -> dict[str, str]:
        listed = subprocess.run([*self._ctr, "images", "list"], check=True, capture_output=True, text=True).stdout
        rows = [line.split() for line in listed.splitlines()[1:]]
        return {row[0]: row[2] for row in rows}

    def _tag(self, name: str, other: str) -> None:
        subprocess.run([*self._ctr, "images", "tag", "--force", name, other], check=True, capture_output=True)


def start_from(earlier: Path, folder: Path) -> None:
    """Begin a folder with what an earlier one has, which ends if nobody uses it.

    If somebody does, they share the files, since neither ever writes to them again.
    """
    with _unless_held(earlier) as is_free:
        if is_free:
            taken = folder / "earlier"
            earlier.rename(taken)  # as a whole: it is complete or gone, whoever is killed
            (taken / STORE).rename(folder / STORE)
            shutil.rmtree(taken)
        else:
            shutil.copytree(earlier / STORE, folder / STORE, copy_function=_share, symlinks=True)


def _share(source: str, target: str) -> None:
    if Path(source).name in {database.name for database in _DATABASES}:
        shutil.copy2(source, target)
    else:
        os.link(source, target, follow_symlinks=False)


def share_with_node(store: Path, root: Path, seen_as: Path) -> None:
    """Let a containerd that is to start with the folder `root` begin with the images of a store.

    It sees the store as `seen_as`, and can't write there.
    """
    for database in _DATABASES:
        (root / database).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(store / database, root / database)
    for folder in (_BLOBS, _SNAPSHOTS / "snapshots"):
        (root / folder).mkdir(parents=True)
        for entry in (store / folder).iterdir():
            (root / folder / entry.name).symlink_to(seen_as / folder / entry.name)


def hold(folder: Path) -> None:
    """Keep a folder with a store as it is for as long as this process lives."""
    fcntl.flock(os.open(folder, os.O_RDONLY | os.O_DIRECTORY), fcntl.LOCK_SH)


def remove_unless_held(folder: Path) -> None:
    """Remove a folder with a store that nobody uses."""
    with _unless_held(folder) as is_free:
        if is_free:
            shutil.rmtree(folder)


@contextmanager
def _unless_held(folder: Path) -> Iterator[bool]:
    """Whether nobody holds it; nobody can, in the block, if so."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
