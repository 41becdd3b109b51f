"""Giving freed memory back to the system."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of glibc's malloc.h

ARENAS = 2
LARGE_BYTES = 1 << 20


def give_back_freed_memory() -> None:
    """Make the C library keep less of what is freed; to be called before there are threads.

    By itself glibc has an arena for each of some threads, of which none uses what is free in the others, and it keeps
    blocks of up to 32 MB once such a one was freed: after the simulations of one certificate, as much as all that is
    remembered of a study. Where there is no glibc, nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_M_ARENA_MAX, ARENAS)
    mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
