"""The program imports little before it knows what it is to do."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from assay.cli.commands import COMMANDS, with_flags_last
from assay.cli.kubectl_completion import candidates

HEAVY = {
    "altair",
    "jinja2",
    "kubernetes",
    "numpy",
    "polars",
    "pydantic",
    "rich",
    "scipy",
    "torch",
    "vl_convert",
    "yaml",
}

PROBE = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr))
from assay.cli.main import main
sys.argv = ["assay", *sys.argv[1:]]
main()
"""


def imported(*arguments: str) -> tuple[str, set[str]]:
    """Run a command and return what it printed, and the packages that it imported."""
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=True)
    return done.stdout, set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("option", ["--version", "--help", "-h"])
def test_what_only_commands_need_is_not_imported_to_say_what_the_program_is(option: str) -> None:
    said, packages = imported(option)
    assert "assay" in said
    assert packages & HEAVY == set()


def test_the_options_of_all_commands_are_known_without_what_the_commands_work_with() -> None:
    code = "import sys; from assay.cli.commands import COMMANDS, loaded; [loaded(name) for name in COMMANDS]"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    packages = {name.partition(".")[0] for name in done.stdout.split()}
    assert "assay" in packages
    assert packages & HEAVY <= {"pydantic"}, "Typer itself checks options by pydantic"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_its_own_help_says(name: str) -> None:
    place = COMMANDS[name]
    found = getattr(__import__(place.module, fromlist=["_"]), place.name)
    text = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
    assert text is not None
    assert place.help == " ".join(text.split("\n\n")[0].split())


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (["-n", "team", "status", "first"], ["status", "-n", "team", "first"]),
        (["--context=a", "-A", "status"], ["status", "--context=a", "-A"]),
        (["-nteam", "--kubeconfig", "k", "logs", "x"], ["logs", "-nteam", "--kubeconfig", "k", "x"]),
        (["status", "first", "-n", "team"], ["status", "first", "-n", "team"]),
        (["--version"], ["--version"]),
        (["--namespace"], ["--namespace"]),
        ([], []),
    ],
)
def test_kubectls_flags_may_stand_before_the_command(given: list[str], want: list[str]) -> None:
    assert with_flags_last(given) == want


@pytest.mark.parametrize(
    ("words", "want"),
    [
        (["sta"], ["status"]),
        (["re"], ["replay", "report", "retry"]),
        (["-n", "team", "lo"], ["logs"]),
        (["report", "--output", ""], ["table", "html", "markdown", "json"]),
        (["status", "--kub"], ["--kubeconfig"]),
        (["run", "-f", ""], []),
    ],
)
def test_a_shell_is_told_how_a_word_may_go_on(
    words: list[str], want: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("_ASSAY_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
        monkeypatch.setenv(variable, "")  # is set by what is tested, and taken back in the end
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert candidates(words) == want


def test_kubectl_is_answered_in_its_own_way() -> None:
    program = Path(sys.executable).parent / "kubectl_complete-assay"
    said = subprocess.run([program, "sta"], capture_output=True, text=True, check=True).stdout
    assert said == "status\n:4\n"
    assert subprocess.run([program, "run", "-f", ""], capture_output=True, text=True, check=True).stdout == ":0\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered_for_every_shell(shell: str) -> None:
    said, _ = imported("--show-completion", shell)
    assert f"_ASSAY_COMPLETE=complete_{shell}" in said
