"""Makes a stand-in for the Dockerfile's base image where no registry can be reached: Debian with its own Python."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from cluster.progress import followed
from cluster.requirements import Unavailable
from images import buildah

_PACKAGES = "python3,python3-venv,ca-certificates"
_SUITE = "bookworm"


def base_name(dockerfile: Path) -> str:
    """The full name of the image that the Dockerfile starts from."""
    found = re.search(r"^ARG BASE=(\S+)$", dockerfile.read_text(), re.MULTILINE)
    assert found is not None, "the Dockerfile names no base"
    return f"docker.io/library/{found.group(1)}"


def make_base(name: str, seen: Callable[[str], None]) -> None:
    """Have an image of that name; `seen` gets each line that debootstrap writes.

    Raises `Unavailable` where Debian's packages can't be had, `BuildFailed`.
    """
    if buildah.exists(name):
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, str(root)]
        ended = followed(command, seen)
        if ended.code != 0:
            said = ended.last_lines or ["no reason given"]
            raise Unavailable(f"a base image can't be made, since debootstrap ended with: {said[-1]}")
        archive = Path(folder) / "root.tar"
        left_out = ["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*"]
        subprocess.run(["tar", f"--directory={root}", *left_out, "--create", f"--file={archive}", "."], check=True)
        container = buildah.run(["buildah", "from", "scratch"]).strip()
        buildah.run(["buildah", "add", "--quiet", container, archive, "/"])
        buildah.run(["buildah", "config", "--cmd=python3", container])
        buildah.run(["buildah", "commit", "--quiet", "--format=oci", "--rm", container, name])
