"""The operator is killed again and again, and worse happens; benchmarks/operator_chaos.py does more of it."""

from __future__ import annotations

import pytest

from cluster.fixtures import skipped_where_unavailable
from controller.chaos.run import Chaos, disturbed_round, undisturbed
from controller.playground import playground


@pytest.mark.parametrize("operators", [1, 2])
def test_what_comes_of_studies_does_not_depend_on_what_happens_to_them(
    cluster_programs: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, operators: int
) -> None:
    chaos = Chaos()
    with skipped_where_unavailable():
        started = playground(tmp_path_factory.mktemp("chaos"))
    with started as pg:
        for name, value in pg.s3.environment.items():
            monkeypatch.setenv(name, value)
        pg.start_player("--seconds=1", "--failing=60", "--dying=60", "--late=60")
        calm = undisturbed(pg)
        disturbed_round(pg, chaos, calm, kills=10, seed=20, operators=operators)
    assert chaos.wrong == []
    assert chaos.kills >= 3
    assert chaos.results == sum(name.startswith("result ") for name in calm) > 80
