"""Finding Pythons."""

from __future__ import annotations

import sys
from pathlib import Path

from packaging.specifiers import SpecifierSet

from ci.interpreters import Interpreter, candidates, promised, usable


def a_program(folder: Path, name: str, script: str) -> Path:
    """A shell script that is executable."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def a_python(folder: Path, version: str, name: str = "python3") -> Path:
    """Says that it is a Python of that version."""
    program = a_program(folder, name, "")
    return a_program(folder, name, f"echo {version.replace('.', ' ')}; echo {program}")


def test_pythons_are_looked_for_on_the_path_where_systems_have_them_and_in_pyenv(tmp_path: Path) -> None:
    on_path = a_python(tmp_path / "bin", "3.12.4", "python3.12")
    a_python(tmp_path / "bin", "3.12.4", "python3-config")
    a_python(tmp_path / "bin", "2.7.18", "python2")
    of_pyenv = a_python(tmp_path / ".pyenv" / "versions" / "3.13.0" / "bin", "3.13.0")

    found = candidates({"PATH": f"{tmp_path / 'bin'}:/nowhere:relative"}, home=tmp_path)

    assert found[0] == on_path
    assert found[-1] == of_pyenv
    others = {program.parent for program in found[1:-1]}
    assert others <= {Path("/usr/local/bin"), Path("/usr/bin")}


def test_pyenv_may_be_elsewhere(tmp_path: Path) -> None:
    of_pyenv = a_python(tmp_path / "pyenv" / "versions" / "3.13.0" / "bin", "3.13.0")

    assert of_pyenv in candidates({"PYENV_ROOT": str(tmp_path / "pyenv")}, home=tmp_path / "home")


def test_the_oldest_comes_first_and_what_is_not_promised_or_does_not_run_is_left_out(tmp_path: Path) -> None:
    versions = ("3.13.0", "3.9.18", "3.11.2", "3.14.1", "3.12.1")
    pythons = {version: a_python(tmp_path / version, version) for version in versions}
    without_ensurepip = a_program(tmp_path, "python3.11", "echo No module named ensurepip >&2; exit 1")

    found = usable([*pythons.values(), without_ensurepip], SpecifierSet(">=3.11,<3.14"))

    want_versions = ["3.11.2", "3.12.1", "3.13.0"]
    assert [python.program for python in found] == [pythons[version] for version in want_versions]
    assert str(found[0]) == f"Python 3.11.2 ({pythons['3.11.2']})"


def test_a_python_by_several_names_counts_once(tmp_path: Path) -> None:
    python = a_python(tmp_path, "3.12.1", "python3.12")
    link = tmp_path / "python3"
    link.symlink_to(python)

    assert usable([link, python], promised()) == [Interpreter((3, 12, 1), python)]


def test_only_what_the_user_can_run_counts(tmp_path: Path) -> None:
    python = a_python(tmp_path, "3.12.1")
    nobody = a_program(tmp_path, "as_nobody", "exit 1")

    assert usable([python], promised(), run_by=[str(nobody)]) == []


def test_the_python_of_a_virtual_environment_is_left_out() -> None:
    assert sys.prefix != sys.base_prefix, "these tests run in a virtual environment"

    assert usable([Path(sys.executable)], promised()) == []


def test_the_promise_is_that_of_the_project() -> None:
    versions = ("3.10.13", "3.11.0", "3.13.9", "3.14.0")

    assert [version for version in versions if promised().contains(version)] == ["3.11.0", "3.13.9"]
