"""Which environment variables a manifest may name, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.api.errors import Problem
from assay.api.resources import TrainerEnvironment

SET_BY_ASSAY = frozenset(
    {
        "CUDA_VISIBLE_DEVICES",
        "MKL_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "PYTHONHASHSEED",
    }
)
"""Variables whose values are the same in all trials, or are those of the slot that a trial runs in."""

_LAST_WORDS = ("TOKEN", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "KEY")
_WORDS = ("SECRET", "PASSWORD", "APIKEY")


def is_credential(name: str) -> bool:
    """Return whether a variable holds something secret, as far as its name can tell: AWS_…, …_TOKEN, …_KEY."""
    words = name.upper().split("_")
    return words[0] == "AWS" or words[-1] in _LAST_WORDS or any(word in words for word in _WORDS)


def wrong_variables(where: str, environment: TrainerEnvironment | None) -> Iterator[Problem]:
    """Yield what is wrong with a trainer's lists of variables."""
    if environment is None:
        return
    digested, passed = environment.digested or (), environment.passed or ()
    for field, names in (("digested", digested), ("passed", passed)):
        yield from _each(where, f"spec.trainer.environment.{field}", names)
    for index, name in enumerate(digested):
        path = f"spec.trainer.environment.digested[{index}]"
        if name in passed:
            yield Problem(where, path, f'"{name}", which is in passed, too', "a variable in one of the two lists")
        if is_credential(name):
            allowed = "a variable that holds no credentials, which never enter a key: list it in passed"
            yield Problem(where, path, f'"{name}"', allowed)


def _each(where: str, field: str, names: Sequence[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(where, f"{field}[{index}]", f'"{name}", as in [{names.index(name)}]', "each name once")
        if name in SET_BY_ASSAY or name.startswith("ASSAY_"):
            yield Problem(where, f"{field}[{index}]", f'"{name}"', "a variable that Assay does not set by itself")
