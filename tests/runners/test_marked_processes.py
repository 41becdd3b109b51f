"""Processes are ended by the mark in their environment, and are then really gone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from assay.runners.processes.marked import MARK, end_marked, new_mark
from assay_trainer.processes.linux import is_zombie

HOLDS_MEMORY = "held = b'1' * (200 << 20); print(flush=True); import time; time.sleep(300)"
"""The kernel takes a moment to take back what it holds, and then shows no environment any more."""


@contextmanager
def a_process(mark: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-S", "-c", HOLDS_MEMORY], env={**os.environ, MARK: mark}, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("is_ending_already", [False, True])
def test_who_has_the_mark_is_gone_and_others_live(is_ending_already: bool) -> None:
    mark = new_mark()
    with ExitStack() as started:
        marked = [started.enter_context(a_process(mark)) for _ in range(2)]
        other = started.enter_context(a_process(new_mark()))
        if is_ending_already:
            for process in marked:
                process.kill()
        end_marked(mark)
        assert all(is_zombie(process.pid) for process in marked)
        assert not is_zombie(other.pid)


def test_without_any_such_process_there_is_nothing_to_end() -> None:
    end_marked(new_mark())
