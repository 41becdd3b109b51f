"""Which program each hypothesis runs, and which one scores examples for core-sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from assay_trainer.contract import BY_HARDNESS, Input

if TYPE_CHECKING:
    from assay.api.resources import Hypothesis, ProxyStudySpec, TrainerEnvironment


class Program(NamedTuple):
    """What trains: a function, and the image that has it. On one machine, where the code is at hand, the image does
    not matter.

    `inputs` are URIs of what the function reads by itself. `digested` and `passed` are names of environment variables
    that it sees: the values of `digested` are part of the trial keys, the values of `passed` are not. `devices` is how
    many a trial of it has.
    """

    entrypoint: str
    image: str | None = None
    revision: str | None = None
    inputs: tuple[str, ...] = ()
    digested: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    devices: int = 1


# no read-only proxy, which can't be pickled: studies are part of what assay.judge returns
_NO_VARIABLES: Mapping[str, str | None] = {}


class Surroundings(NamedTuple):
    """What a program's inputs hold, and the values of its `digested` variables; None for one that is not set."""

    inputs: tuple[Input, ...] = ()
    environment: Mapping[str, str | None] = _NO_VARIABLES


NO_SURROUNDINGS = Surroundings()
"""The surroundings of a program that names no inputs and no variables."""

SCORING_ENTRYPOINT = "assay_trainer.vision:train"
"""The train function whose network scores the examples for a core-set, whatever the study's own entry point is."""


def program_of(spec: ProxyStudySpec, hypothesis: Hypothesis) -> Program:
    """Return what a hypothesis runs: its own image, entry point, inputs and variables, and the study's for each that it
    does not name."""
    own, study = hypothesis.spec.trainer, study_program(spec)
    if own is None:
        return study
    program = study._replace(entrypoint=own.entrypoint or study.entrypoint)
    if own.image:
        program = program._replace(image=own.image, revision=None)
    if own.inputs is not None:
        program = program._replace(inputs=own.inputs)
    return program if own.environment is None else _with_variables(program, own.environment)


def study_program(spec: ProxyStudySpec) -> Program:
    """Return the program of the hypotheses that change nothing about it."""
    trainer = spec.trainer
    program = Program(
        trainer.entrypoint, trainer.image, trainer.revision, trainer.inputs or (), devices=trainer.devices
    )
    return program if trainer.environment is None else _with_variables(program, trainer.environment)


def _with_variables(program: Program, environment: TrainerEnvironment) -> Program:
    digested, passed = environment.digested or (), environment.passed or ()
    return program._replace(digested=tuple(sorted(digested)), passed=tuple(sorted(passed)))


def variables_of(spec: ProxyStudySpec, hypotheses: Iterable[Hypothesis]) -> frozenset[str]:
    """Return the names of all environment variables that some program of the study may see."""
    return frozenset(name for program in _programs(spec, hypotheses) for name in _listed(program))


def see_the_same(spec: ProxyStudySpec, hypotheses: Iterable[Hypothesis]) -> bool:
    """Return whether all programs of the study see the same variables. If they do, modules may be imported once for all
    of them."""
    return len({_listed(program) for program in _programs(spec, hypotheses)}) == 1


def _programs(spec: ProxyStudySpec, hypotheses: Iterable[Hypothesis]) -> list[Program]:
    return [study_program(spec), *(program_of(spec, hypothesis) for hypothesis in hypotheses)]


def _listed(program: Program) -> frozenset[str]:
    return frozenset((*program.digested, *program.passed))


def subset_program(spec: ProxyStudySpec, entrypoint: str) -> Program:
    """Return the program that is a proxy's subset function: the study's, but for the function."""
    return study_program(spec)._replace(entrypoint=entrypoint)


def preparing_programs(spec: ProxyStudySpec) -> Mapping[Program, str]:
    """Return the programs that prepare some proxy, each with the field that names it."""
    found: dict[Program, str] = {}
    for index, proxy in enumerate(spec.proxies):
        if proxy.subset in BY_HARDNESS:
            found.setdefault(scoring_program(spec), "spec.trainer.entrypoint")
        elif proxy.subset_entrypoint is not None:
            found.setdefault(subset_program(spec, proxy.subset_entrypoint), f"spec.proxies[{index}].subsetEntrypoint")
    return found


def scoring_program(spec: ProxyStudySpec) -> Program:
    """Return Assay's own program that scores examples, in the study's image."""
    return Program(SCORING_ENTRYPOINT, spec.trainer.image, spec.trainer.revision)
