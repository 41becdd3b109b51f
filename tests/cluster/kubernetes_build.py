"""The programs of Kubernetes, built from their Go modules."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from cluster.cache import cache_folder
from cluster.progress import Progress, followed
from cluster.requirements import Unavailable

GO_MODULE = Path(__file__).parent / "go"

ANNOUNCEMENT = """
Kubernetes is built from its Go modules, once on this machine: some 10 minutes on two cores, and 5 GB of disk, in Go's
own caches and {cache}. If it is stopped, it goes on from there the next time.
`make test-quick` runs the tests that need no Kubernetes."""


def build_kubernetes(go: str, folder: Path) -> None:
    """Build what the module in `go/` names as tools, into the folder, and say how far it is.

    Raises `Unavailable` where the modules can't be had, with the last line of what `go` complained about.
    """
    with Progress() as progress:
        progress.say(ANNOUNCEMENT.format(cache=cache_folder()))
        listing, building = Listing(progress), Building(progress)
        progress.show("its packages are looked up")
        # Each is compiled only where Go's cache does not have it.
        _go([go, "list", "-deps", "-f", "{{if .Stale}}missing{{else}}cached{{end}}", "tool"], listing)
        building.packages, building.done = listing.missing + listing.cached, listing.cached
        _go(["nice", go, "build", "-v", "-ldflags", _flags(go), "-o", f"{folder}/", "tool"], building)
    (folder / "server").rename(folder / "etcd")


class Listing:
    """Counts what `go list` says of each package. It needs the sources, so they are downloaded now."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.missing = self.cached = self._modules = 0

    def __call__(self, line: str) -> None:
        self.missing += line == "missing"
        self.cached += line == "cached"
        if line.startswith("go: downloading"):
            self._modules += 1
            self._progress.show(f"{self._modules} modules are downloaded or on their way")


class Building:
    """Counts the packages that `go build -v` names, each as it starts to compile it."""

    packages = done = 0

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, line: str) -> None:
        if " " not in line:  # else it is a complaint
            self.done = min(self.done + 1, self.packages)
        more = ", and the programs are linked" if self.done == self.packages else ""
        self._progress.show(f"{self.done} of {self.packages} packages are compiled{more}")


def _flags(go: str) -> str:
    """Without these the API server says that it is v0.0.0, which Helm charts and kubectl compare with."""
    release = go_says(go, "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
    major, minor, _ = release.removeprefix("v").split(".")
    named = {"gitVersion": release, "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s", "-w", *(f"-X k8s.io/component-base/version.{key}={value}" for key, value in named.items())])


def go_says(go: str, *arguments: str, folder: Path = GO_MODULE) -> str:
    """What `go` prints. Raises `Unavailable`, with the last line of its complaint."""
    done = subprocess.run([go, *arguments], cwd=folder, env=_environment(), capture_output=True, text=True)
    if done.returncode != 0:
        raise _unavailable((done.stderr or done.stdout).strip().splitlines())
    return done.stdout.strip()


def _go(command: list[str], seen: Callable[[str], None]) -> None:
    ended = followed(command, seen, folder=GO_MODULE, environment=_environment())
    if ended.code != 0:
        raise _unavailable(ended.last_lines)


def _environment() -> dict[str, str]:
    # GOTOOLCHAIN: no other Go than the one chosen. CGO_ENABLED: no C compiler needed, and it runs anywhere.
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}


def _unavailable(lines: list[str]) -> Unavailable:
    return Unavailable(f"Kubernetes can't be built from its Go modules: {(lines or ['no reason given'])[-1]}")
