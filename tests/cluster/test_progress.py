"""What is said while something takes minutes."""

from __future__ import annotations

import io
import sys

import pytest

from cluster.kubernetes_build import Building, Listing
from cluster.progress import Progress, followed
from images.steps import Steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Shows the second that it was set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_every_so_often() -> None:
    log, clock = io.StringIO(), Clock()

    with Progress(log, every_seconds=20, clock=clock) as progress:
        progress.say("It takes 2 minutes.")
        for clock.now in range(0, 90, 5):
            progress.show(f"step {clock.now}")

    want_steps = ["  0:00 step 0", "  0:20 step 20", "  0:40 step 40", "  1:00 step 60", "  1:20 step 80"]
    assert log.getvalue().splitlines() == ["It takes 2 minutes.", *want_steps]


def test_a_terminal_has_one_line_that_is_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "21")
    terminal, clock = Terminal(), Clock()

    with Progress(terminal, clock=clock) as progress:
        progress.show("a step with a long name")
        progress.show("short")
        progress.say("An error.")
        progress.show("next")

    want_lines = ["\r  0:00 a step with a\r  0:00 short        ", "An error.", "\r  0:00 next         "]
    assert terminal.getvalue().split("\n") == [*want_lines, ""]


def test_a_command_is_followed_line_by_line_and_its_last_lines_are_kept() -> None:
    seen: list[str] = []
    code = "import sys; print('out', flush=True); print('complaint', file=sys.stderr); sys.exit(3)"

    ended = followed([sys.executable, "-c", code], seen.append)

    assert ended == (3, ["out", "complaint"])
    assert seen == ["out", "complaint"]


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(log: io.StringIO) -> Progress:
    """It writes every line."""
    return Progress(log, every_seconds=0, clock=Clock())


def test_a_listing_counts_packages_and_shows_modules_on_their_way(log: io.StringIO, progress: Progress) -> None:
    listing = Listing(progress)

    for line in ("go: downloading k8s.io/api v0.37.2", "go: downloading k8s.io/kubelet v0.37.2", "cached", "missing"):
        listing(line)

    assert (listing.cached, listing.missing) == (1, 1)
    assert log.getvalue().splitlines()[-1] == "  0:00 2 modules are downloaded or on their way"


def test_a_build_counts_what_it_compiles_and_says_when_only_linking_is_left(
    log: io.StringIO, progress: Progress
) -> None:
    building = Building(progress)
    building.packages, building.done = 3, 1

    for line in ("k8s.io/api/core/v1", "# k8s.io/api: a warning", "k8s.io/kubernetes/cmd/kubelet"):
        building(line)

    assert log.getvalue().splitlines() == [
        "  0:00 2 of 3 packages are compiled",
        "  0:00 2 of 3 packages are compiled",
        "  0:00 3 of 3 packages are compiled, and the programs are linked",
    ]


def test_a_build_of_images_says_which_image_and_which_step(log: io.StringIO, progress: Progress) -> None:
    steps = Steps(progress, images=2)

    seen = steps.of("operator")
    seen("[2/4] STEP 3/14: RUN  make")
    seen("gcc main.c")
    steps.of("trainer")("STEP 1/2: FROM base")

    assert log.getvalue().splitlines() == [
        "  0:00 image 1 of 2, operator",
        "  0:00 image 1 of 2, operator, step 3 of 14: RUN make",
        "  0:00 image 1 of 2, operator, step 3 of 14: RUN make",
        "  0:00 image 2 of 2, trainer",
        "  0:00 image 2 of 2, trainer, step 1 of 2: FROM base",
    ]
