"""Options of pytest: only the tests that need a cluster, or only those that don't."""

from __future__ import annotations

import pytest

BRING_A_CLUSTER = frozenset({"cluster_programs", "cluster", "images"})
"""Fixtures that build Kubernetes, or images, where these are not there."""


def pytest_addoption(parser: pytest.Parser) -> None:
    option = parser.getgroup("assay").addoption
    option("--without-cluster", dest="cluster", action="store_const", const="without", help="what needs no Kubernetes")
    option("--only-cluster", dest="cluster", action="store_const", const="only", help="what needs Kubernetes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.option.cluster
    if wanted is not None:
        left_out = [item for item in items if needs_cluster(item) != (wanted == "only")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def needs_cluster(item: pytest.Item) -> bool:
    """Whether any of its fixtures, or of those that they use, brings a cluster."""
    return bool(BRING_A_CLUSTER & set(getattr(item, "fixturenames", ())))
