"""The operator is killed again and again, and worse happens; benchmarks/operator_chaos.py does more of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cluster.fixtures import skipped_where_unavailable
from controller.chaos.run import Chaos, disturbed_round, undisturbed
from controller.playground import Playground, playground


@pytest.fixture(scope="module")
def pg(cluster_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with (
        skipped_where_unavailable(),
        playground(tmp_path_factory.mktemp("chaos")) as started,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in started.s3.environment.items():
            patch.setenv(name, value)
        started.start_player("--seconds=1", "--failing=60", "--dying=60", "--late=60")
        yield started


@pytest.fixture(scope="module")
def calm(pg: Playground) -> Mapping[str, Any]:
    return undisturbed(pg)


@pytest.mark.parametrize(("operators", "kills"), [(1, 10), (2, 4)])
def test_what_comes_of_studies_does_not_depend_on_what_happens_to_them(
    pg: Playground, calm: Mapping[str, Any], operators: int, kills: int
) -> None:
    chaos = Chaos(rounds=operators)
    disturbed_round(pg, chaos, calm, kills=kills, seed=20 + operators, operators=operators)
    assert chaos.wrong == []
    assert chaos.kills >= 3
    assert chaos.results == sum(name.startswith("result ") for name in calm) > 80
