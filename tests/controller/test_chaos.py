"""The operator is killed again and again, and worse happens; benchmarks/operator_chaos.py does more of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.fixtures import skipped_where_unavailable
from controller.chaos.run import Chaos, disturbed_round, undisturbed
from controller.playground import Playground, playground


@pytest.fixture
def pg(
    cluster_programs: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Playground]:
    with skipped_where_unavailable(), playground(tmp_path_factory.mktemp("chaos")) as started:
        for name, value in started.s3.environment.items():
            monkeypatch.setenv(name, value)
        started.start_player("--seconds=1", "--failing=60", "--dying=60", "--late=60")
        yield started


def test_what_comes_of_studies_does_not_depend_on_what_happens_to_them(pg: Playground) -> None:
    chaos = Chaos(seeds=2)
    calm = undisturbed(pg, chaos)
    disturbed_round(pg, chaos, calm, kills=10, seed=20)
    assert chaos.wrong == []
    assert chaos.kills >= 3
    assert chaos.results == sum(name.startswith("result ") for name in calm) > 50
