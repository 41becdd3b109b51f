"""Which entries of a study in the statuses of its hypotheses are to be written."""

from __future__ import annotations

from typing import Any

from assay.api.resources import StudyVerdict, Verdict
from assay.controller.publishing.verdicts import outdated


def a_verdict(verdict: Verdict, *, rank: int = 1, name: str = "digits") -> StudyVerdict:
    return StudyVerdict(name=name, verdict=verdict, rank=rank)


def a_hypothesis(*said: StudyVerdict) -> dict[str, Any]:
    return {"status": {"studies": [each.to_dict() for each in said]}}


def test_only_what_is_not_said_yet_is_written_and_the_newest_news_first() -> None:
    better, worse = a_verdict(Verdict.BETTER), a_verdict(Verdict.WORSE)
    verdicts = dict.fromkeys(("same", "other-rank", "other-verdict", "new", "gone"), better)
    hypotheses = {
        "same": a_hypothesis(a_verdict(Verdict.WORSE, name="fashion"), better),
        "other-rank": a_hypothesis(a_verdict(Verdict.BETTER, rank=2)),
        "other-verdict": a_hypothesis(worse),
        "new": {},
    }
    assert list(outdated(verdicts, hypotheses)) == ["new", "other-verdict", "other-rank"]
    assert outdated(verdicts, hypotheses)["new"] == {"name": "digits", "verdict": "Better", "rank": 1}
