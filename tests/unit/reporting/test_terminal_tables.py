"""Tables for terminals, progress and Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from assay.api.resources import Goal, Metric, ProxyArm, Screening, Trust, TrustDecision, TrustStatistic
from assay.planning.plan import plan
from assay.planning.records.records import Records, RunningAttempt, WorkRecord
from assay.planning.study.study import Study
from assay.ranking.memory import Memory
from assay.reporting.markdown import markdown
from assay.reporting.progress import progress, progress_line
from assay.reporting.rows import arm_rows
from assay.reporting.tables import summary
from builders.manifests import a_hypothesis, a_proxy
from builders.simulated import simulated_study
from builders.statuses import REVOKED_MESSAGE, revoked, with_arm, with_row
from builders.studies import a_failure, a_study, records_of_scores
from builders.terminal import shown

NOW = 1_000_100.0
MEMORY = Memory(500)  # the same studies are judged again and again


def summary_of(study: Study, records: Records, width: int = 80) -> str:
    return shown(summary(study, plan(study, records, NOW, memory=MEMORY).status), width)


@pytest.fixture(scope="module")
def whole() -> tuple[Study, Records]:
    return simulated_study(noise=0.002, spread=0.015)


@pytest.mark.parametrize("width", [80, 100, 160])
def test_verdicts_decisions_and_differences_are_never_cut(whole: tuple[Study, Records], width: int) -> None:
    study, records = whole
    status = plan(study, records, NOW, memory=MEMORY).status
    text = shown(summary(study, status), width)
    assert all(len(line) <= width for line in text.splitlines())
    table = text.split("Which hypotheses are better")[1].split("\nDone")[0]
    for row in status.ranking:
        (line,) = [line for line in table.splitlines() if re.match(rf"{row.rank} ", line)]
        assert f" {row.verdict}" in line
        assert row.difference is None or row.verdict == "Baseline" or re.search(r"\[[+-][\d.]+, [+-][\d.]+\]", line)
        assert f"{row.relative_cost_percent} %" in line
    for arm in status.arms[1:]:
        assert re.search(rf"^{arm.name} .*\[-?[\d.]+, [\d.]+\].* (Trusted|Not trusted|Undecided) *$", text, re.M)


def test_a_trusted_proxy_is_named_with_what_it_saves(whole: tuple[Study, Records]) -> None:
    study, records = whole
    status = plan(study, records, NOW, memory=MEMORY).status
    assert status.recommended_proxy == "small"
    text = " ".join(summary_of(study, records).split())
    assert "Proxies: Trust small: it orders the hypotheses as the reference does" in text
    assert "costs 79 % less" in text


def test_if_no_proxy_is_trusted_it_is_said_plainly_with_what_it_would_take() -> None:
    study, records = simulated_study(count=6, seeds=2)
    text = " ".join(summary_of(study, records).split())
    assert "Proxies: No proxy may be trusted yet." in text
    assert "hypotheses" in text.split("No proxy may be trusted yet.")[1]


@pytest.mark.parametrize("noise", [0.002, 0.003, 0.004, 0.005, 0.006, 0.007])
def test_the_interval_of_the_table_is_that_of_the_sentence(noise: float) -> None:
    study, records = simulated_study(count=10, seeds=3, noise=noise)
    for row in arm_rows(study, plan(study, records, NOW, memory=MEMORY).status)[1:]:
        said = re.search(r"anything from (\S+) to (\S+), so", row.why)
        assert said is None or row.agreement_interval == f"[{said[1]}, {said[2]}]"


def test_costs_on_a_cpu_and_on_accelerators_are_called_what_they_are() -> None:
    study = a_study(hypotheses=3, proxies=[a_proxy()])
    for unit, words in (("cpu-process", "CPU-process seconds"), ("accelerator", "accelerator seconds")):
        records = records_of_scores(study, lambda trial: 0.9 + 0.01 * trial.seed, unit=unit)
        assert f"Spent: 120 {words}" in " ".join(summary_of(study, records).split())


def test_where_lower_is_better_the_best_is_the_lowest() -> None:
    study = a_study(hypotheses=3, goal=Goal.MINIMIZE)
    losses = {"baseline": 0.5, "h001": 0.2, "h002": 0.9}
    text = summary_of(study, records_of_scores(study, lambda trial: losses[trial.hypothesis] + 0.001 * trial.seed))
    assert "lower is better" in " ".join(text.split())
    order = [name for line in text.splitlines() for name in losses if re.match(rf"\d.* {name} ", line)]
    assert order == ["h001", "baseline", "h002"]


def test_a_failed_hypothesis_is_shown_as_failed_with_its_reason() -> None:
    study = a_study(hypotheses=3)
    records = dict(
        records_of_scores(study, lambda trial: None if trial.hypothesis == "h002" else 0.9 + 0.01 * trial.seed)
    )
    for trial in study.design.trials:
        if trial.hypothesis == "h002":
            records[trial.key] = WorkRecord(failures=(a_failure(trial.key),))
    text = " ".join(summary_of(study, records).split())
    assert re.search(r"h002 – – Failed", text)
    assert "h002 failed. TrainFunctionRaised: ValueError: no such optimizer." in text


def test_statements_with_markup_are_shown_as_they_are() -> None:
    study = a_study(hypotheses=[a_hypothesis("baseline"), a_hypothesis("odd", statement="[red]bold[/red] claims")])
    records = records_of_scores(study, lambda trial: 0.9 + 0.01 * trial.seed)
    assert "[red]bold[/red] claims" in summary_of(study, records, 160)


@pytest.mark.parametrize("until", [0, 1, 30, 200])
def test_progress_fits_twelve_lines_of_any_width(until: int) -> None:
    study, records = simulated_study(until=until, capacity=8)
    now = plan(study, records, NOW, memory=MEMORY)
    for width in (40, 80, 160):
        lines = shown(progress(study, now, 12.0), width).splitlines()
        assert len(lines) <= 12
        assert all(len(line) <= width for line in lines)
    line = progress_line(study, now, 12.0)
    assert "\n" not in line
    assert line.startswith(f"digits: {until}/240 trials")


def test_progress_names_what_runs() -> None:
    study = a_study(hypotheses=2)
    trial = study.design.trials[0]
    records = {trial.key: WorkRecord(running=RunningAttempt(1, NOW - 5))}
    line = progress_line(study, plan(study, records, NOW, memory=MEMORY), 5.0, records)
    assert "runs baseline × reference × seed 0 and h001 × reference × seed 0" in line


def test_progress_of_as_many_proxies_as_may_be_fits_twelve_lines() -> None:
    proxies = tuple(ProxyArm(name=f"a-proxy-with-a-long-name-{epochs}", epochs=epochs) for epochs in range(1, 10))
    study, records = simulated_study(count=6, seeds=2, maximum=4, proxies=proxies, capacity=40, until=200)
    now = plan(study, records, NOW, memory=MEMORY)
    assert any(arm.certificate for arm in now.status.arms)
    assert len(shown(progress(study, now, 12.0), 50).splitlines()) <= 12
    assert "\n" not in progress_line(study, now, 12.0)


def test_progress_says_what_is_decided_about_a_proxy(whole: tuple[Study, Records]) -> None:
    study, records = whole
    now = plan(study, records, NOW, memory=MEMORY)
    small = next(row for row in arm_rows(study, now.status) if row.name == "small")
    assert f"small {small.agreement} {small.agreement_interval} trusted" in progress_line(study, now, 12.0)


def test_markdown_has_the_answers_and_one_row_per_hypothesis(whole: tuple[Study, Records]) -> None:
    study, records = whole
    text = markdown(study, plan(study, records, NOW, memory=MEMORY).status)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(study.hypotheses) + 2 + 4
    assert "**Proxies.** Trust small" in text
    assert "| **Better** |" in text


def test_markdown_keeps_statements_from_becoming_markup() -> None:
    statement = "a | b\n# heading <img src=x> @team [link](x)"
    study = a_study(hypotheses=[a_hypothesis("baseline"), a_hypothesis("odd", statement=statement)])
    records = records_of_scores(study, lambda trial: 0.9 + 0.01 * trial.seed)
    text = markdown(study, plan(study, records, NOW, memory=MEMORY).status)
    assert r"a \| b \# heading \<img src=x\> \@team \[link\](x)" in text


def test_hypotheses_that_are_all_equal_are_said_to_be_indistinct() -> None:
    study, records = simulated_study(count=6, seeds=3, spread=0.0)
    text = " ".join(summary_of(study, records).split())
    assert "Hypotheses: The hypotheses can't be told apart" in text
    assert "Proxies: No proxy may be trusted" in text


@pytest.mark.parametrize("width", [80, 120])
def test_long_names_are_cut_and_decisions_are_not(width: int) -> None:
    arm, name = "a-proxy-" + "x" * 55, "h-" + "y" * 61
    study = a_study(hypotheses=[a_hypothesis("baseline"), a_hypothesis(name)], proxies=[a_proxy(arm)])
    records = records_of_scores(study, lambda trial: 0.9 + 0.01 * trial.seed + 0.001 * len(trial.hypothesis))
    text = summary_of(study, records, width)
    assert re.search(r"^a-proxy-x*….* Undecided *$", text, re.M)
    assert re.search(r" h-y+… .*(Better|Worse|Inconclusive) +100 %", text)


@pytest.mark.parametrize("width", [76, 80, 84])
def test_names_shorter_than_their_heading_cut_nothing_else(width: int) -> None:
    study = a_study(hypotheses=[a_hypothesis(name, statement="Wins.") for name in ("baseline", "a", "b")])
    records = records_of_scores(study, lambda trial: 0.9 + 0.01 * trial.seed + 0.1 * (trial.hypothesis == "a"))
    assert "…" not in summary_of(study, records, width)


@pytest.mark.parametrize("width", [40, 50, 60, 70])
def test_a_narrow_terminal_gets_fewer_columns_and_no_cut_numbers(width: int, whole: tuple[Study, Records]) -> None:
    lines = summary_of(*whole, width).splitlines()
    assert max(map(len, lines)) <= width
    arms, ranking = ([line.split() for line in lines if line.startswith(start)] for start in ("small ", "1 "))
    assert re.fullmatch(r"small (.* )?0\.\d\d \[0\.\d\d, \d\.\d\d\] .*Trusted", " ".join(arms[0]))
    assert re.fullmatch(r"1 (\[\d–\d\] )?\* \S+ ([\d.%+, \[\]-]+ )?Better( \d+ %)?( \d)?", " ".join(ranking[0]))


def test_a_metric_may_be_called_as_a_column_is() -> None:
    study = a_study(hypotheses=3, metric=Metric(name="cost"))
    text = summary_of(study, records_of_scores(study, lambda trial: 0.9 + 0.01 * trial.seed), 160)
    assert re.search(r"^rank +hypothesis +cost +against the baseline +verdict +cost +seeds +statement", text, re.M)


def test_names_that_begin_alike_lose_their_beginnings() -> None:
    names = ["sklearn-linear-model-perceptron", "sklearn-linear-model-logisticregression", "the-only-one-of-its-kind"]
    study = a_study(hypotheses=[a_hypothesis(name, recipe={"x": name}) for name in ("baseline", *names)])
    text = summary_of(study, records_of_scores(study, lambda trial: len(trial.hypothesis) + 0.1 * trial.seed), width=56)
    table = text.split("Which hypotheses are better")[1]
    assert re.search(r" …\S*perceptron ", table)
    assert re.search(r" …\S*regression ", table)
    assert re.search(r" the-only\S*… ", table)


# ----------------------------------------------------------------------------- trust


def study_about(statistic: TrustStatistic, threshold: str = "0.9", **fields: object) -> tuple[Study, Records]:
    return simulated_study(count=12, seeds=3, trust=Trust(statistic=statistic, threshold=threshold), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statistic", "heading", "named"),
    [
        (TrustStatistic.KENDALL_TAU, "tau", "a tau of"),
        (TrustStatistic.DECISION_ACCURACY, "decision accuracy", "a decision accuracy of"),
        (TrustStatistic.WINNER_REGRET, "finds the best", "it finds the best surely enough, with a probability of"),
    ],
)
def test_proxies_are_shown_by_the_statistic_that_trust_is_about_with_its_own_interval(
    statistic: TrustStatistic, heading: str, named: str
) -> None:
    study, records = study_about(statistic)
    status = plan(study, records, NOW, memory=MEMORY).status
    text = shown(summary(study, status), 130)
    assert re.search(rf"^arm +trials +{heading} ", text, re.M)
    for arm in status.arms[1:]:
        found = arm.certificate
        assert found is not None
        assert found.statistic is statistic
        low, high, value = (float(end or "nan") for end in (found.low, found.high, found.value))
        assert re.search(rf"^{arm.name} .*{value:.2f} \[{low:.2f}, {high:.2f}\]", text, re.M)
        assert f"{value:.2f} [{low:.2f}, {high:.2f}]" in markdown(study, status)
    trusted = with_arm(status, "small", decision=TrustDecision.TRUSTED)
    assert named in " ".join(shown(summary(study, trusted), 130).split())


def test_before_the_first_look_nobody_is_told_an_interval() -> None:
    study, records = study_about(TrustStatistic.DECISION_ACCURACY, until=100)
    status = plan(study, records, NOW, memory=MEMORY).status
    text = " ".join(shown(summary(study, status), 130).split())
    assert "No proxy is judged yet: trust is first decided when all hypotheses have 3 seeds on all arms" in text
    assert all(row.agreement_interval == "" for row in arm_rows(study, status))


def test_what_a_test_rests_on_and_how_much_of_a_disagreement_is_noise_are_said() -> None:
    study, records = simulated_study(count=12, seeds=3, maximum=10, threshold="0.8")
    status = plan(study, records, NOW, memory=MEMORY).status
    arm = next(arm for arm in status.arms if arm.name == "quarter")
    found = arm.certificate
    assert found is not None
    assert found.noise_share_percent is not None
    text = " ".join(shown(summary(study, status), 100).split())
    estimate = f"without the noise of the seeds about {float(found.corrected or 'nan'):.2f}"
    noise = f"noise alone would make {found.noise_share_percent} % of the disagreement"
    assert f"By look {found.look} of 4, at {found.seeds} seeds of 12 hypotheses; {estimate}; {noise}." in text


def test_what_it_would_take_to_decide_is_said_with_its_price() -> None:
    study, records = simulated_study(count=12, seeds=3, threshold="0.8")
    status = plan(study, records, NOW, memory=MEMORY).status
    found = next(arm.certificate for arm in status.arms if arm.name == "small")
    assert found is not None
    undecided = with_arm(
        status,
        "small",
        decision=TrustDecision.UNDECIDED,
        certificate=found.model_copy(
            update={"needed_hypotheses": 40, "needed_seeds": None, "needed_accelerator_seconds": "1234"}
        ),
    )
    said = " ".join(shown(summary(study, undecided), 100).split())
    assert "To decide it so costs about 1,234 CPU-process seconds more." in said
    assert "To decide it so costs about 1,234 CPU-process seconds more." in markdown(study, undecided)


@pytest.mark.parametrize("width", [80, 130])
def test_a_revoked_certificate_is_shown_plainly(whole: tuple[Study, Records], width: int) -> None:
    study, records = whole
    now = plan(study, records, NOW, memory=MEMORY)
    status = revoked(now.status, "small")
    text = shown(summary(study, status), width)
    assert re.search(r"^small .* Revoked *$", text, re.M)
    assert f"Proxies: No proxy may be trusted any more. {REVOKED_MESSAGE}" in " ".join(text.split())
    assert f"**Revoked.** {REVOKED_MESSAGE}" in markdown(study, status)
    assert re.search(r"small 0\.\d\d \[\S+ \S+\] revoked", progress_line(study, replace(now, status=status), 1.0))


def test_a_study_that_screens_says_what_becomes_of_hypotheses_that_are_added() -> None:
    study, records = simulated_study(noise=0.002, spread=0.015, screening=Screening(promote=2))
    text = " ".join(summary_of(study, records).split())
    assert "What is added from now on is screened on small alone; the best 2 of it" in text


# ----------------------------------------------------------------------------- the ranking


def marked(text: str) -> list[str]:
    table = text.split("Which hypotheses are better")[1].split("Done (")[0]
    return re.findall(r"^\d+(?: \[\d+–\d+\])? \* +(\S+)", table, re.M)


def test_those_that_may_be_the_best_are_marked_and_named(whole: tuple[Study, Records]) -> None:
    study, records = whole
    status = plan(study, records, NOW, memory=MEMORY).status
    first, second, *others = (row.name for row in status.ranking)
    for name in (first, second):
        status = with_row(status, name, may_be_best=True)
    for name in others:
        status = with_row(status, name, may_be_best=False)
    text = shown(summary(study, status), 100)
    assert marked(text) == [first, second]
    assert f"Best: The best is one of {first} and {second} (*), at 95 % confidence." in " ".join(text.split())
    assert sum(r" \* | **" in line for line in markdown(study, status).splitlines()) == 2
    alone = shown(summary(study, with_row(status, second, may_be_best=False)), 100)
    assert f"Best: The best is {first}, at 95 % confidence." in " ".join(alone.split())


def test_where_any_may_be_the_best_none_is_marked(whole: tuple[Study, Records]) -> None:
    study, records = whole
    status = plan(study, records, NOW, memory=MEMORY).status
    for row in status.ranking:
        status = with_row(status, row.name, may_be_best=True)
    text = shown(summary(study, status), 100)
    assert marked(text) == []
    assert f"Any of the {len(status.ranking)} may be the best" in " ".join(text.split())


def test_how_much_of_the_order_is_expected_to_be_right_is_said_where_it_is_known(whole: tuple[Study, Records]) -> None:
    study, records = whole
    status = plan(study, records, NOW, memory=MEMORY).status
    said = "Of all pairs of hypotheses, about 93 % are expected to be in the right order."
    assert said not in " ".join(shown(summary(study, status), 100).split())
    known = status.model_copy(update={"ranking_accuracy": "0.93"})
    assert said in " ".join(shown(summary(study, known), 100).split())
    assert said in markdown(study, known)


def test_a_row_that_rests_on_another_arm_names_it_with_its_seeds(whole: tuple[Study, Records]) -> None:
    study, records = whole
    status = plan(study, records, NOW, memory=MEMORY).status
    name = status.ranking[3].name
    status = with_row(status, name, arm="small", seeds=2, message="Screened on small alone.")
    text = shown(summary(study, status), 200)
    assert re.search(rf"{name} .* 2 on small +Screened on small alone\. · ", text)
    assert "from the highest arm that each has a score on" in " ".join(text.split())
    row = next(line for line in markdown(study, status).splitlines() if f"**{name}**" in line)
    assert row.endswith("| 2 on small |")


def test_hypotheses_that_the_table_has_no_room_for_are_counted(whole: tuple[Study, Records]) -> None:
    study, records = whole
    status = plan(study, records, NOW, memory=MEMORY).status
    short = status.model_copy(update={"ranking": status.ranking[:10]})
    assert "6 that are not in the table" in " ".join(shown(summary(study, short), 100).split())
