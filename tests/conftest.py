"""Settings of all tests. In CI, where everything should run, a test that was skipped has failed."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator

import pytest
from hypothesis import settings

from builders.effort import tries

pytest_plugins = ["builders.s3_fixtures", "cluster.fixtures", "cluster.choice"]

# Tests leave nothing in the user's folders, and find nothing that another one has kept.
os.environ["ASSAY_CACHE"] = ""

# What a script starts in the background ignores Ctrl-C, and so would every command that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# By default an example that takes .2 s has failed: on a busy machine any may.
settings.register_profile("untimed", deadline=None, max_examples=tries(100, quick=20))
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Keep what was imported, a million objects, out of the garbage collections to come: it stays until the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report what a fixture can't have on this machine once, at the fixture's place, and not once for each test."""
    if call.excinfo is not None and isinstance(call.excinfo.value, pytest.skip.Exception):
        call.excinfo.value._use_item_location = False
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("CI is set, so a skipped test is a failure.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
