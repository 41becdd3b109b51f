"""Importing slow modules before somebody has to wait for them."""

from __future__ import annotations

import importlib
import time
from threading import Thread

AT_ONCE = ("assay_trainer.objects.s3", "scipy.special", "scipy.optimize")
"""The modules that the first study needs."""

LATER = ("assay.reporting.html",)
"""The modules that its report needs. They come later, not to delay the study: threads import one after another."""

LATER_SECONDS = 20.0


def import_ahead() -> None:
    """Begin to import them in a thread of its own."""
    Thread(target=_import, name="import-ahead", daemon=True).start()


def _import() -> None:
    for module in AT_ONCE:
        importlib.import_module(module)
    time.sleep(LATER_SECONDS)
    for module in LATER:
        importlib.import_module(module)
