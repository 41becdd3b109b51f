"""Where everything should run (CI), a test that was skipped has failed."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

pytest_plugins = ["builders.s3_fixtures", "cluster.fixtures"]

# By default an example that takes .2 s has failed: on a busy machine any may.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("CI is set, so a skipped test is a failure.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
