"""Parts of a CI run, and what is said of them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from ci.parts import Outcome, Part, run_lanes, summary


def a_part(name: str, code: str, *, in_background: bool = False) -> Part:
    """Runs this Python code."""
    return Part(name, [sys.executable, "-c", code], Path("/"), in_background)


def an_outcome(name: str, output: str, *, code: int = 0, in_background: bool = False) -> Outcome:
    return Outcome(a_part(name, "", in_background=in_background), code, 90.0, output)


def test_lanes_run_beside_each_other_and_each_goes_on_after_a_failure() -> None:
    screen = io.StringIO()
    lane = [a_part("first", "print('one'); exit(3)"), a_part("second", "print('two')")]
    other = [a_part("hidden", "import sys; print('three', file=sys.stderr)", in_background=True)]

    outcomes = run_lanes(lane, other, screen=screen)

    assert [(outcome.part.name, outcome.code, outcome.output) for outcome in outcomes] == [
        ("first", 3, "one\n"),
        ("second", 0, "two\n"),
        ("hidden", 0, "three\n"),
    ]
    assert screen.getvalue() == "one\ntwo\n"


def test_a_run_that_passed_ends_with_the_closing_line_of_each_part() -> None:
    said = summary(
        [
            an_outcome("make test", "== 30 passed in 2.00s ==\n...\n== 12 passed in 3.00s ==\nmake: Leaving\n"),
            an_outcome("unit", "1\n2\n3\n4\n====== 7 passed in 1.00s ======\n", in_background=True),
        ]
    )

    assert said.splitlines() == [
        "===== unit =====",
        "3",
        "4",
        "====== 7 passed in 1.00s ======",
        "",
        "===== CI =====",
        "passed     1.5 min  make test: 30 passed in 2.00s; 12 passed in 3.00s",
        "passed     1.5 min  unit: 7 passed in 1.00s",
        "CI passed.",
    ]


def test_what_failed_in_the_background_is_shown_whole_and_named_in_the_last_lines() -> None:
    output = "a traceback\n=== short test summary info ===\nFAILED tests/unit/a.py::test_b - no\n=== 1 failed ===\n"

    said = summary(
        [an_outcome("unit", output, code=1, in_background=True), an_outcome("make test", "=== 12 passed ===\n")]
    )

    assert "a traceback" in said
    assert said.splitlines()[-5:] == [
        "===== CI =====",
        "passed     1.5 min  make test: 12 passed",
        "FAILED (exit code 1)   1.5 min  unit: 1 failed",
        "    FAILED tests/unit/a.py::test_b - no",
        "CI failed.",
    ]


def test_a_part_that_wrote_nothing_is_said_so() -> None:
    assert "lint: it wrote nothing" in summary([an_outcome("lint", "", code=2)])
