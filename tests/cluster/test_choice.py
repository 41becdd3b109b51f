"""Choosing tests by whether they need a cluster."""

from __future__ import annotations

import pytest

from cluster.choice import needs_cluster


def test_what_uses_no_fixture_of_a_cluster_needs_none(request: pytest.FixtureRequest) -> None:
    assert not needs_cluster(request.node)


def test_a_fixture_that_uses_a_cluster_makes_a_test_need_one(request: pytest.FixtureRequest) -> None:
    def asks(custom_resources: None) -> None: ...  # a fixture that uses that of the cluster

    other = pytest.Function.from_parent(request.node.parent, name="asks", callobj=asks)

    assert needs_cluster(other)
