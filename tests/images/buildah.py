"""buildah and skopeo, with all that they keep in the cache folder and no mount left behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cluster.cache import cache_folder
from cluster.progress import followed

PROGRAMS = ("buildah", "skopeo", "debootstrap", "unshare", "containerd", "ctr")

# Mounts end with the last process, whatever ends it. What counts them is in a folder that ends with them, too.
_ENTER = """
mkdir -p /var/lib/containers /run/containers
mount --bind "$ASSAY_IMAGES" /var/lib/containers
mount -t tmpfs tmpfs /run/containers
exec "$@"
"""
_INSIDE = ["unshare", "--mount", "--propagation=private", "sh", "-euc", _ENTER, "sh"]

_OF_THIS_MACHINE = ("/etc/ssl/certs", "/etc/pip.conf", "/etc/uv/uv.toml")
"""How packages are reached from here: mounted during a build, never part of an image."""


class BuildFailed(Exception):
    """An image could not be built; the message has the end of what the builder said."""


def run(command: Sequence[str | Path]) -> str:
    """Run buildah or skopeo and return what it printed. Raises `BuildFailed`."""
    done = subprocess.run([*_INSIDE, *command], capture_output=True, env=_environment())
    if done.returncode != 0:
        raise _failed(command, done.returncode, (done.stdout + done.stderr).decode(errors="replace").splitlines())
    return done.stdout.decode()


def _environment() -> dict[str, str]:
    folder = _state_folder()
    return {
        **os.environ,
        "ASSAY_IMAGES": str(folder),
        "BUILDAH_ISOLATION": "chroot",
        "STORAGE_DRIVER": "overlay",
        "TMPDIR": str(folder / "tmp"),
    }


def _failed(command: Sequence[str | Path], code: int, said: Sequence[str]) -> BuildFailed:
    return BuildFailed("\n".join([f"{' '.join(map(str, command))} ended with {code}:", *said[-20:]]))


def build(
    name: str,
    context: Path,
    seen: Callable[[str], None],
    *,
    target: str | None = None,
    arguments: Mapping[str, str] | None = None,
) -> None:
    """Build a target of the context's Dockerfile under this name; steps that were done before are not done again.

    `seen` gets each line that the builder writes. Raises `BuildFailed`.
    """
    mounts = [f"--volume={path}:{path}:ro" for path in _OF_THIS_MACHINE if Path(path).exists()]
    values = [f"--build-arg={key}={value}" for key, value in (arguments or {}).items()]
    chosen = [f"--target={target}"] if target else []
    options = ["--layers", "--pull-never", "--network=host", "--format=oci", f"--tag={name}"]
    command: list[str | Path] = ["buildah", "bud", *options, *mounts, *values, *chosen, context]
    ended = followed([*_INSIDE, *command], seen, environment=_environment())
    if ended.code != 0:
        raise _failed(command, ended.code, ended.last_lines)


def exists(name: str) -> bool:
    """Whether an image of that name is there."""
    try:
        run(["buildah", "inspect", "--type=image", "--format={{.FromImageID}}", name])
    except BuildFailed:
        return False
    return True


def remove_all_but(*names: str) -> None:
    """Remove the other images, and the layers that are only theirs."""
    listed = run(["buildah", "images", "--noheading", "--format={{.Name}}:{{.Tag}}"]).split()
    others = [name for name in listed if name not in names and "<none>" not in name]
    if others:
        run(["buildah", "rmi", "--force", *others])
    run(["buildah", "rmi", "--prune", "--force"])


def copy_to_layout(name: str, layout: Path, tag: str) -> None:
    """Add an image to the folder `layout` as OCI lays it out, under that tag. Blobs that are there are not written
    again. Raises `BuildFailed`."""
    # Compressing five gigabytes would take a minute, and to decompress them half of one.
    plain = "--dest-oci-accept-uncompressed-layers"
    run(["skopeo", "copy", "--quiet", plain, f"containers-storage:{name}", f"oci:{layout}:{tag}"])


def _state_folder() -> Path:
    """Return the folder of images and layers, with uv's cache, which holds the packages already, as its cache."""
    folder = cache_folder() / "buildah"
    packages = folder / "tmp" / "buildah-cache" / "root" / ".cache" / "uv"
    packages.parent.mkdir(parents=True, exist_ok=True)
    known = Path(os.environ.get("UV_CACHE_DIR") or cache_folder().parent / "uv")
    known.mkdir(parents=True, exist_ok=True)
    if not packages.is_symlink() or packages.readlink() != known:
        packages.unlink(missing_ok=True)
        packages.symlink_to(known)
    return folder
