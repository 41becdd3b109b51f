"""What `assay.judge` returns: everything that past runs say, as numbers and in sentences."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assay.api.errors import InvalidInput, Problem

if TYPE_CHECKING:
    import polars

    from assay.judging.answers import Answers
    from assay.judging.judge import Judged

Decision = Literal["Trusted", "NotTrusted", "Undecided"]
Verdict = Literal["Better", "Worse", "Equivalent", "Inconclusive", "Unstable", "Failed", "Baseline"]


@dataclass(frozen=True)
class ProxyFinding:
    """One proxy beside the reference. What is not known is None."""

    name: str
    """The arm, as the table calls it."""
    decision: Decision
    """Whether it may stand for the reference."""
    reason: str
    """Why, and what it would take to say more."""
    hypotheses: int
    """Hypotheses that both arms have scores of."""
    seeds: int
    """Seeds that the agreement is over."""
    kendall_tau: float | None
    """Kendall's tau-b with the reference, as observed; -1 to 1."""
    low: float | None
    """Lower end of what the true tau, without the noise of the seeds, may be."""
    high: float | None
    """Upper end of it."""
    corrected_tau: float | None
    """The estimate of the true tau."""
    spearman_rho: float | None
    decision_accuracy: float | None
    """Of the pairs that the reference separates, the share that the proxy orders alike; 0 to 1."""
    top_k: int | None
    top_k_overlap: float | None
    """The share of the reference's `top_k` best that are among the proxy's; 0 to 1."""
    needed_hypotheses: int | None
    """About how many hypotheses would decide it."""
    needed_seeds: int | None
    """About how many seeds of the same hypotheses would decide it."""
    relative_cost: float | None
    """What a run costs over what one costs on the reference."""
    saving: float | None
    """The share of its cost that a comparison on this arm alone saves; below 0: it costs more."""
    runs: int
    failed_runs: int


@dataclass(frozen=True)
class HypothesisFinding:
    """One hypothesis on the reference. What is not known is None."""

    name: str
    rank: int | None
    """1 is the best."""
    rank_low: int | None
    """The best rank that the runs allow."""
    rank_high: int | None
    """The worst one."""
    score: float | None
    """The mean over seeds, with the seeds' own effects taken out."""
    low: float | None
    """Lower end of the score's interval."""
    high: float | None
    difference: float | None
    """The score less the baseline's."""
    difference_low: float | None
    """Lower end of the difference's interval: all of them hold together."""
    difference_high: float | None
    verdict: Verdict | None
    """Against the baseline; None without one."""
    may_be_best: bool | None
    relative_cost: float | None
    """What a run costs over what one of the baseline costs."""
    runs: int
    """Runs with a score."""
    failed_runs: int
    message: str
    """Why there is no verdict, or what stands out; may be empty."""


@dataclass(frozen=True)
class Findings:
    """All that past runs say. It prints as text, shows itself in notebooks, and is written as a report.

    Intervals of hypotheses, ranks and differences hold all together at the confidence, and so do the decisions on all
    proxies.
    """

    name: str
    """What was judged."""
    score: str
    """What the scores are called."""
    goal: Literal["Maximize", "Minimize"]
    reference: str
    """The arm that all others are compared with, as the table calls it."""
    baseline: str | None
    threshold: float
    """The tau that a trusted proxy reaches."""
    confidence: int
    """In percent."""
    noise_ceiling: float | None
    """Tau of the reference with itself across seeds: no proxy can do better."""
    recommended_proxy: str | None
    """The cheapest of the trusted proxies."""
    proxies: tuple[ProxyFinding, ...]
    hypotheses: tuple[HypothesisFinding, ...]
    """The best first; those without a score last."""
    answers: Answers
    """The same in sentences."""
    notes: tuple[str, ...]
    """How the table was understood, and what was left out of it."""
    runs: int
    failed_runs: int
    missing_runs: int
    """Runs that are not there: of all hypotheses on all arms with all seeds."""
    judged: Judged = field(repr=False, compare=False)
    """What all of it comes from."""

    def __str__(self) -> str:
        """Return the answers and tables, as the command prints them."""
        from assay.judging.text import plain_text
        from assay.judging.uncollected import uncollected

        with uncollected():
            return plain_text(self.judged, self.answers)

    def _repr_html_(self) -> str:
        """Return the answers and tables, as a notebook shows them."""
        from assay.judging.notebook import notebook_html

        return notebook_html(self.judged, self.answers)

    def markdown(self) -> str:
        """Return the answers and tables as Markdown, for a pull request."""
        from assay.judging.text import markdown_text

        return markdown_text(self.judged, self.answers)

    def report(self, path: str | Path) -> None:
        """Write the report: one HTML file that needs no network."""
        from assay.judging.report import html_text

        Path(path).write_text(html_text(self.judged, self.answers), encoding="utf-8")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            each.name: _plain(getattr(self, each.name)) for each in dataclasses.fields(self) if each.name != "judged"
        }

    def to_frame(self, of: Literal["hypotheses", "proxies"] = "hypotheses") -> polars.DataFrame:
        """Return the hypotheses, or the proxies, as a data frame with a row for each and their fields as columns.

        Raises InvalidInput for anything else.
        """
        import polars

        if of not in ("hypotheses", "proxies"):
            raise InvalidInput([Problem("to_frame", "of", repr(of), "hypotheses or proxies")])
        rows: tuple[HypothesisFinding | ProxyFinding, ...] = self.hypotheses if of == "hypotheses" else self.proxies
        kind: type[Any] = HypothesisFinding if of == "hypotheses" else ProxyFinding
        columns = [each.name for each in dataclasses.fields(kind)]
        return polars.DataFrame(
            {name: [getattr(row, name) for row in rows] for name in columns}, infer_schema_length=None, strict=False
        )


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
