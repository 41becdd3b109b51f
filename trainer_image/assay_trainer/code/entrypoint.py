"""Loads the function that `module:function` names."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from assay_trainer.code.findable import where_it_was_looked_for
from assay_trainer.nearest import did_you_mean

Function = Callable[[Any], Any]
"""A train function, which gets a `Trial`, or a subset function, which gets a `Preparation`."""


class EntrypointNotFound(Exception):
    """The module can't be imported, or has no such function. The text says what was given, and the nearest name."""


def load_entrypoint(entrypoint: str) -> Function:
    """Return the function that `module:function` names. Raises EntrypointNotFound if the module can't be imported (its
    cause is what the import raised), or has no such function."""
    module_name, colon, function_name = entrypoint.partition(":")
    if not (colon and module_name and function_name.isidentifier()):
        raise EntrypointNotFound(f"entrypoint: given {entrypoint!r}; allowed: module:function")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        if isinstance(error, ModuleNotFoundError) and error.name and f"{module_name}.".startswith(f"{error.name}."):
            problem = f"{problem}; {where_it_was_looked_for()}"
        raise EntrypointNotFound(f"entrypoint: given {entrypoint!r}; it can't be imported: {problem}") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        functions = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        problem = f"{module_name} has no function {function_name!r}{did_you_mean(function_name, functions)}"
        raise EntrypointNotFound(f"entrypoint: given {entrypoint!r}; {problem}")
    return function  # type: ignore[no-any-return]
