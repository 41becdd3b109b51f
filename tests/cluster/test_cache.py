"""The cache of what takes minutes to make."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cluster.cache import made_once


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_many_that_want_it_at_once_get_what_one_of_them_made() -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "program").write_text("made")

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: made_once("tools", make), range(8)))

    assert len(made) == 1
    assert [(folder / "program").read_text() for folder in found] == ["made"]


def test_what_could_not_be_made_is_not_there_and_is_tried_again() -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        made_once("tools", fail)

    assert not list(made_once("tools", lambda folder: None).iterdir())
