"""What a program in a pod depends on besides its image: objects that it reads itself, variables of its template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assay.api.resources import EnvironmentVariable, PodTemplate
from assay.planning.study.programs import Program, Surroundings
from assay.runners.jobs.manifests.overlay import merged_environment, overlaid
from assay.runners.jobs.settings import TrialSettings
from assay.runners.protocol import UnusableProgram
from assay_trainer.contract import Input, stamp_digest
from assay_trainer.objects import ObjectNotFound, StoreError, object_stamp

_ALLOWED_INPUT = "the s3:// URI of an object; a path means something only to `assay run` on one machine"
_ALLOWED_VARIABLE = "a variable that podTemplate.env gives a `value`, without references to others"

Digester = Callable[[str], str]
"""A function from an input's URI to its digest. It raises UnreadableInput, or StoreError for what may pass."""


class UnreadableInput(ValueError):
    """An input that can't be used; the text says why."""


def object_digest(uri: str) -> str:
    """Return the digest of an object, made of its ETag and size: an operator reads no data. See `Digester`."""
    try:
        return stamp_digest(object_stamp(uri))
    except ObjectNotFound:
        raise UnreadableInput("where there is nothing") from None
    except StoreError as error:
        if error.may_pass:
            raise
        raise UnreadableInput(str(error)) from error
    except ValueError as error:
        raise UnreadableInput(str(error)) from error


def pod_surroundings(
    program: Program, template: PodTemplate | None, settings: TrialSettings, digest_of: Digester
) -> Surroundings:
    """Return what `Runner.surroundings` does; `template` is the study's. Raises StoreError for what may pass."""
    inputs = tuple(_input(index, uri, digest_of) for index, uri in enumerate(program.inputs))
    if not program.digested:
        return Surroundings(inputs)
    variables = {each.name: each for each in merged_environment(overlaid(settings.pod_template, template).env)}
    return Surroundings(inputs, {name: _value(name, variables) for name in program.digested})


def _input(index: int, uri: str, digest_of: Digester) -> Input:
    field = f"inputs[{index}]"
    if "://" not in uri:
        raise UnusableProgram(field, f'"{uri}"', "which is no URI", _ALLOWED_INPUT)
    try:
        return Input(uri=uri, digest=digest_of(uri))
    except UnreadableInput as error:
        raise UnusableProgram(field, f'"{uri}"', str(error), _ALLOWED_INPUT) from error


def _value(name: str, variables: Mapping[str, EnvironmentVariable]) -> str:
    """Return the value of a variable in the pod. One that comes from elsewhere may change unseen, or be a secret."""
    found, field = variables.get(name), "environment.digested"
    if found is None:
        why = _there([each.name for each in variables.values() if each.value is not None])
        raise UnusableProgram(field, f'"{name}"', f"which podTemplate.env does not have ({why})", _ALLOWED_VARIABLE)
    if found.value_from is not None:
        raise UnusableProgram(field, f'"{name}"', "whose value comes from elsewhere (valueFrom)", _ALLOWED_VARIABLE)
    if "$(" in (value := found.value or ""):
        raise UnusableProgram(field, f'"{name}"', f"whose value refers to others: {value!r:.80}", _ALLOWED_VARIABLE)
    return value


def _there(names: Sequence[str]) -> str:
    return f"it has values of {', '.join(sorted(names)[:20])}" if names else "it has no values at all"
