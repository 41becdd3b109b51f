"""Reports how far the build of the images is."""

from __future__ import annotations

import re
from collections.abc import Callable

from cluster.progress import Progress

ANNOUNCEMENT = """
The images of operator and trainer are built: some 5 minutes and 16 GB of disk in {cache} the first time, and
seconds where only Assay's own sources have changed. `make test-quick` runs the tests that need no image."""

_STEP = re.compile(r"(?:\[\d+/\d+\] )?STEP (\d+)/(\d+): (.*)")


class Steps:
    """Counts the images that are built, and the steps of each."""

    def __init__(self, progress: Progress, images: int) -> None:
        """`images` is how many there will be."""
        self._progress = progress
        self._images = images
        self._begun = 0

    def of(self, image: str) -> Callable[[str], None]:
        """Begin the next image; what is returned takes each line that its builder writes."""
        self._begun += 1
        which = f"image {self._begun} of {self._images}, {image}"
        where = which
        self._progress.show(where)

        def seen(line: str) -> None:
            nonlocal where
            found = _STEP.match(line)
            if found is not None:
                step, steps, what = found.groups()
                where = f"{which}, step {step} of {steps}: {' '.join(what.split())[:60]}"
            self._progress.show(where)  # also at what a step itself writes

        return seen
