"""What `assay shards build` says while it runs."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import pytest

from assay.cli.build_progress import progress_line, shown_progress
from assay_trainer.shards import BuildProgress, Stage

HALF = BuildProgress(Stage.WRITING, 500, 1000, 64 << 20)


LOOKING = "Looking at files"
WRITING = "Decoding and writing"


@pytest.mark.parametrize(
    ("told", "seconds", "want"),
    [
        (BuildProgress(Stage.LOOKING, 256, 1000), 1.0, f"{LOOKING}: 256 of 1,000, about 3 s left"),
        (HALF, 600.0, f"{WRITING}: 500 of 1,000, 64 MiB written (0.1 MiB/s), about 10 min left"),
        (replace(HALF, done=1000), 10.0, f"{WRITING}: 1,000 of 1,000, 64 MiB written (6.4 MiB/s)"),
        (BuildProgress(Stage.WRITING, 0, 1000), 0.0, f"{WRITING}: 0 of 1,000"),
        (replace(HALF, bytes=0, resumed=400), 60.0, f"{WRITING}: 500 of 1,000, 400 decoded before, about 5 min left"),
        (replace(HALF, bytes=0, resumed=500), 60.0, f"{WRITING}: 500 of 1,000, 500 decoded before"),
    ],
)
def test_a_line_says_how_far_it_is_and_how_long_it_takes(told: BuildProgress, seconds: float, want: str) -> None:
    assert progress_line(told, seconds) == want


def test_a_short_build_says_nothing_to_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as told:
        told(HALF)
    assert capsys.readouterr() == ("", "")


def test_a_long_build_says_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with shown_progress() as told:
        for seconds in range(0, 100, 5):
            now[0] = seconds
            told(replace(HALF, done=seconds * 10))
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(" of")[0] for line in err.splitlines()] == [
        "Decoding and writing: 300",
        "Decoding and writing: 600",
        "Decoding and writing: 900",
    ]


def test_a_terminal_gets_a_bar_on_stderr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    with shown_progress() as told:
        told(BuildProgress(Stage.LOOKING, 1000, 1000))
        told(HALF)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Decoding and writing" in err
    assert "500/1000" in err
