"""Importing what takes long, before somebody has to wait for it."""

from __future__ import annotations

import importlib
import time
from threading import Thread

AT_ONCE = ("assay_trainer.objects.s3", "scipy.special", "scipy.optimize")
"""What the first study needs."""

LATER = ("assay.reporting.html",)
"""What its report needs. Later, so as not to be in its way: threads import one after another."""

LATER_SECONDS = 20.0


def import_ahead() -> None:
    """Begin to, in a thread of its own."""
    Thread(target=_import, name="import-ahead", daemon=True).start()


def _import() -> None:
    for module in AT_ONCE:
        importlib.import_module(module)
    time.sleep(LATER_SECONDS)
    for module in LATER:
        importlib.import_module(module)
