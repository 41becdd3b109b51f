"""The one function that judges past runs: a table in, answers out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assay.judging.arms import arms_judged
from assay.judging.goal import goal_by_name
from assay.judging.recorded_only import recorded_only
from assay.judging.seeds import with_common_seeds
from assay.judging.study import recorded_study
from assay.planning.plan import plan
from assay.recorded.columns.names import name_of

if TYPE_CHECKING:
    from assay.api.resources import Goal, ProxyStudyStatus, RankedHypothesis
    from assay.judging.names import Names
    from assay.judging.options import JudgingOptions
    from assay.judging.study import RecordedStudy
    from assay.planning.actions import Plan
    from assay.planning.study.study import Study
    from assay.recorded.table import Table


@dataclass(frozen=True, eq=False)
class Judged:
    """Past runs, judged. What `study`, `status` and `ranking` say, they say under the names that the table has."""

    study: Study
    status: ProxyStudyStatus
    ranking: tuple[RankedHypothesis, ...]
    """All hypotheses, the best first; those without a score last."""
    reference: str
    """The arm that is the reference, as the table calls it."""
    baseline: str | None
    table: Table
    options: JudgingOptions
    said: tuple[str, ...]
    """How the table was understood, and what was left out of it, in sentences."""
    recorded: RecordedStudy
    decided: Plan
    """Under names of our own."""

    @property
    def names(self) -> Names:
        """The table's names by our own."""
        return self.recorded.names


_STEPS = "All steps are of the same runs: to judge them has cost nothing."


def judge_table(
    table: Table, options: JudgingOptions, *, name: str, goal: Goal | None = None, by_step: bool = False
) -> Judged:
    """Judge all runs of a table at one look.

    `name` is what the whole is called; `goal` is what the maker of the scores says of them, where the options don't.
    `by_step`: the arms are read from the same runs, at steps of them. Raises InvalidInput.
    """
    score = name_of(table.score_column).own
    arms = arms_judged(table, options)
    table, about_seeds = with_common_seeds(table, arms)
    by_name = goal_by_name(score)
    aim = options.goal or goal or by_name
    recorded = recorded_study(table, arms, options, name=name, score=score, goal=aim, by_step=by_step)
    decided = recorded_only(recorded, plan(recorded.study, recorded.records, 0.0))
    put_back, definition = recorded.names.put_back, recorded.study.definition
    status = put_back(decided.status)
    assumed = options.goal is None and goal is None
    better = "less" if aim.value == "Minimize" else "more"
    about_goal = f"Of {score}, {better} is better; {options.called('goal')} says otherwise." if assumed else ""
    baseline = recorded.names.text(recorded.study.baseline) if recorded.is_compared else None
    return Judged(
        study=replace(recorded.study, definition=put_back(definition)),
        status=status,
        ranking=put_back(decided.ranking),
        reference=table.shown_arm(arms.reference),
        baseline=baseline,
        table=table,
        options=options,
        said=tuple(filter(None, (*table.said, about_goal, *arms.said, about_seeds, *recorded.said, _STEPS * by_step))),
        recorded=recorded,
        decided=decided,
    )
