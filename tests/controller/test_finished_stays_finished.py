"""What a study has found stays said when it can't be read again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.kube import Kube
from assay_trainer.contract import FailureReason, TrialRequest
from builders.s3_server import BUCKET, S3Server
from controller.operators import Operators
from controller.played_pods import PlayedPods
from controller.team import Team

STUDIES = ("first", "second", "third")


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


@contextmanager
def moved_away(folder: Path) -> Iterator[None]:
    away = folder.with_name(f"{folder.name}-away")
    folder.rename(away)
    yield
    away.rename(folder)


def states(team: Team, study: str) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in team.get(study)["status"]["conditions"]}


def test_a_data_set_that_is_gone_takes_nothing_back(
    kube: Kube, operators: Operators, team: Team, dataset: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(Path(dataset.removeprefix("file://")).parent, data)
    manifest = {"manifest": f"{data.as_uri()}/manifest.json"}
    operator = operators.start()
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), *(team.study(name, proxies=[], dataset=manifest) for name in STUDIES))
        for study in STUDIES:
            team.wait("Succeeded", study=study)
        team.kubectl("wait", "hyp", "--all", "--for=condition=Concluded", "--timeout=10s")
        before = {study: states(team, study) for study in STUDIES}
        concluded = {name: dict(team.conclusion(name)) for name in ("baseline", "other")}
        operator.kill()  # the next one has read nothing yet
        # As an earlier version of Assay would have left it.
        no_digest = '--patch=[{"op":"remove","path":"/status/finishedFor"}]'
        team.kubectl("patch", "pstudy", "third", "--subresource=status", "--type=json", no_digest)
        with moved_away(data):
            operator = operators.start()
            for study in STUDIES:
                said = team.wait("Verifiable", status="False", reason="DatasetNotReadable", study=study)
                assert said.startswith("What was found stays said, but can't be checked now: ")
                assert states(team, study) == {**before[study], "Verifiable": ("False", "DatasetNotReadable")}
            assert {name: dict(team.conclusion(name)) for name in ("baseline", "other")} == concluded
            assert team.kubectl("get", "pstudy", "first").splitlines()[1].split()[1:3] == ["True", "DatasetNotReadable"]
            # Whoever edits a hypothesis asks something else: now the data set is in the way.
            team.apply(team.hypothesis("other", recipe={"idea": "another"}))
            for study in STUDIES:
                team.wait("Stalled", reason="DatasetNotReadable", study=study)
            assert team.condition("Succeeded", "first")["status"] == "False"
            team.until(lambda: team.conclusion("other").get("status") == "False", lambda: str(team.conclusion("other")))
        for study in STUDIES:
            team.wait("Succeeded", study=study)
        team.kubectl("wait", "hyp", "--all", "--for=condition=Concluded", "--timeout=20s")
        assert "Verifiable" not in states(team, "first")
        assert len(pods.started) == len(set(pods.started)) == 6
        assert "ERROR" not in operator.log()
        # Whoever installs Assay decides that such data are no longer to be read: what was found is true all the same.
        assert operator.stop() == 0
        operators.start({"ASSAY_DATASETS": "s3://elsewhere/datasets"})
        team.wait("Verifiable", status="False", reason="NotAllowed", study="first")
        assert states(team, "first")["Succeeded"][0] == "True"
        assert states(team, "first")["Stalled"][0] == "False"


def test_a_store_that_is_away_takes_nothing_back_and_is_waited_for(
    kube: Kube, operators: Operators, team: Team, own_s3: S3Server
) -> None:
    variables = {"ASSAY_STORE": f"s3://{BUCKET}/results", "ASSAY_S3_RETRY_SECONDS": "0"}
    operator = operators.start(variables)
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study(proxies=[]))
        team.wait("Succeeded")
        before = states(team, "digits")
        # Its recipe makes its trials its own: which of two studies runs a trial that they share is left to chance.
        trainer = {"entrypoint": "team.train:run", "recipe": {"width": 2}}
        failing = team.study("failing", proxies=[], trainer=trainer)
        pods.outcome = lambda _: FailureReason.TRAIN_FUNCTION_RAISED
        team.apply(failing)
        team.wait("Succeeded", status="False", reason="ReferenceFailed", study="failing")
        failed = states(team, "failing")
        operator.kill()
        own_s3.stop()
        operators.start(variables)
        team.wait("Verifiable", status="False", reason="StoreUnreachable")
        assert states(team, "digits") == {**before, "Verifiable": ("False", "StoreUnreachable")}
        team.wait("Verifiable", status="False", reason="StoreUnreachable", study="failing")
        assert states(team, "failing") == {**failed, "Verifiable": ("False", "StoreUnreachable")}
        # A new hypothesis opens the study, which waits for the store; nobody has to do anything yet.
        pods.outcome = a_score
        team.apply(team.hypothesis("new"))
        said = team.wait("Reconciling", reason="StoreUnreachable")
        assert "can't be reached" in said
        assert team.condition("Stalled")["status"] == "False"
        own_s3.start()
        team.wait("Succeeded", seconds=60)
        team.until(lambda: team.get()["status"]["trials"]["succeeded"] == 6, lambda: str(team.get()["status"]))
    assert "Verifiable" not in states(team, "digits")
    assert "VerifiableAgain" in team.events() or "StoreUnreachable" in team.events()


def test_an_upgrade_of_the_rules_takes_nothing_back_until_something_is_edited(
    kube: Kube, operators: Operators, team: Team
) -> None:
    operator = operators.start()
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study(proxies=[]))
        team.wait("Succeeded")
        team.kubectl("wait", "hyp", "--all", "--for=condition=Concluded", "--timeout=10s")
        rules = team.get()["status"]["rules"]
        assert operator.stop() == 0
        # As a release with other rules would have left it: it found what this one does not.
        found = '{"op":"replace","path":"/status/ranking/0/score","value":"0.12345"}'
        patch = f'--patch=[{{"op":"remove","path":"/status/rules"}},{found}]'
        team.kubectl("patch", "pstudy", "digits", "--subresource=status", "--type=json", patch)
        before = team.get()["status"]
        operators.start()
        team.until(lambda: "rules" in team.get()["status"], lambda: str(team.get()["status"]))
        assert team.get()["status"] == {**before, "rules": rules - 1}
        team.apply(team.hypothesis("other", statement="In other words."))
        team.until(lambda: team.get()["status"].get("rules") == rules, lambda: str(team.get()["status"]))
        assert team.get()["status"]["ranking"][0]["score"] != "0.12345"
    assert len(pods.started) == 4
