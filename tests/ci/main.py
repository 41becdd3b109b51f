"""What CI runs: see `.ci/run`."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path

from ci.interpreters import ROOT, Interpreter, candidates, promised, usable
from ci.parts import Part, run_lanes, summary
from ci.users import User, copy_of_tree, ordinary_user, this_user

_AS_A_NEWCOMER = ("tests/unit", "tests/e2e")


def main() -> int:
    """Run all the tests; those of the cluster first, and beside them the others, as whoever runs this, as an ordinary
    user and on other Pythons."""
    with ExitStack() as copies:
        user = ordinary_user()
        if not user.prefix:
            print(f"CI: not run by root, so there is no other user to become: all tests run as {user.name}.")
        found = usable(candidates(os.environ, user.home), promised(), user.prefix)
        if not found:
            print(f"CI failed: no Python {promised()} with ensurepip that {user.name} can run (Debian: python3-venv).")
            return 1
        oldest = found[0]
        others = [_tests_of(user, oldest, copies.enter_context(copy_of_tree(user)), *_AS_A_NEWCOMER)]
        newest = usable(candidates(os.environ, Path.home()), promised())[-1]
        if newest.version == oldest.version:
            print(f"CI: {oldest} is the only one here, so nothing is tested on a newer one.")
        else:
            here = this_user()
            others.append(_tests_of(here, newest, copies.enter_context(copy_of_tree(here)), "tests/unit"))
        # `make test` is these three; what needs a cluster mostly waits, and leaves the processors to the others.
        others[:0] = [
            Part(f"make {target}", ["make", target], ROOT, in_background=True)
            for target in ("test-quick", "test-commands")
        ]
        for part in others:
            print(f"CI: in the background, shown at the end: {part.name}", flush=True)
        outcomes = run_lanes([Part("make test-cluster", ["make", "test-cluster"], ROOT)], others)
    print(summary(outcomes), end="", flush=True)
    return int(any(outcome.code != 0 for outcome in outcomes))


def _tests_of(user: User, python: Interpreter, folder: Path, *tests: str) -> Part:
    """The tests, as that user with that Python, as a part in the background."""
    name = f"{' and '.join(tests)} as {user.name} with {python}"
    install = f"make --silent PYTHON={shlex.quote(str(python.program))} install"
    test = f".venv/bin/python -m pytest --quiet --numprocesses=auto --maxprocesses=8 --dist=worksteal {' '.join(tests)}"
    return Part(name, [*user.prefix, "sh", "-euc", f"{install}; {test}"], folder, in_background=True)


if __name__ == "__main__":
    sys.exit(main())
