"""Giving freed memory back to the system."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of glibc's malloc.h

ARENAS = 2
LARGE_BYTES = 1 << 20


def give_back_freed_memory() -> None:
    """Make the C library keep less of the freed memory. Call this before there are threads.

    By default glibc has several arenas, and a thread does not use what is free in another one's. Once a block of up to
    32 MB was freed, it also keeps blocks of that size: after the simulations of one certificate, as much as all that is
    remembered of a study. Where there is no glibc, nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_M_ARENA_MAX, ARENAS)
    mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
