"""Assay: which cheap comparison of hypotheses ranks them as the full run does.

`assay.judge` says it of runs that there are. Nothing is imported before it is asked for.
"""

from typing import TYPE_CHECKING

from assay.api.version import VERSION

if TYPE_CHECKING:
    from assay.judging.findings import Findings
    from assay.judging.python import judge

__all__ = ["Findings", "__version__", "judge"]
__version__ = VERSION


def __getattr__(name: str) -> object:
    if name == "judge":
        from assay.judging.python import judge

        return judge
    if name == "Findings":
        from assay.judging.findings import Findings

        return Findings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
