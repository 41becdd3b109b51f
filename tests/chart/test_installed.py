"""The check that the pod of `helm test` makes, run against a real operator and a real S3 server."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from assay.controller import installed
from assay_trainer.objects import open_objects
from builders.s3_server import READER_ACCESS_KEY, READER_SECRET_KEY, S3Server
from cluster.client import Cluster
from cluster.network import free_ports
from controller.operators import Operators


def check(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the check as the pod does."""
    command = [sys.executable, "-m", "assay.controller.installed", *arguments]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True)


def test_an_installation_works_when_the_operator_answers_and_the_store_gives_back_what_it_took(
    cluster: Cluster, custom_resources: None, namespace: str, tmp_path: Path, s3_environment: S3Server, s3_uri: str
) -> None:
    with Operators.of(cluster.kubeconfig, tmp_path, namespace) as operators:
        operator = operators.start({"ASSAY_STORE": s3_uri})
        place = ["127.0.0.1", str(operator.metrics), "assay-system"]
        done = check(*place, ASSAY_STORE=s3_uri)
        assert (done.returncode, done.stderr) == (0, "")
        (name,) = open_objects(s3_uri).list("assay-system/checks/")
        assert done.stdout.splitlines()[1] == f"The store works: {s3_uri}/{name}"

        reader = {"AWS_ACCESS_KEY_ID": READER_ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": READER_SECRET_KEY}
        done = check(*place, ASSAY_STORE=s3_uri, **reader)
        assert done.returncode == 1
        assert done.stdout.startswith("The operator answers: ")
        assert s3_uri in done.stderr
        assert "AccessDenied" in done.stderr


@pytest.fixture
def somebody_else() -> Iterator[int]:
    """Port of a server that is not the operator."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.end_headers()
            self.wfile.write(b"It works!")

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_somebody_else_in_the_operators_place_is_found_out(somebody_else: int) -> None:
    done = check("127.0.0.1", str(somebody_else), "assay-system", ASSAY_STORE="file:///nowhere")
    assert done.returncode == 1
    assert "is not the operator: It works!" in done.stderr


def test_an_operator_that_does_not_answer_is_waited_for_and_then_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installed, "PAUSE_SECONDS", 0.0)
    monkeypatch.setenv("ASSAY_STORE", "file:///nowhere")
    (port,) = free_ports(1)
    assert installed.main(["127.0.0.1", str(port), "assay-system"]) == 1
    assert f"the operator does not answer at 127.0.0.1, port {port}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "store", "said"),
    [
        (["$(ASSAY_SERVICE_HOST)", "$(ASSAY_SERVICE_PORT)", "assay-system"], "s3://results", "usage: "),
        (["127.0.0.1", "9090", "assay-system"], "ftp://results", 'ASSAY_STORE: given "ftp://results"; allowed: '),
    ],
    ids=["no Service", "no store"],
)
def test_a_wrong_call_is_said(arguments: list[str], store: str, said: str) -> None:
    done = check(*arguments, ASSAY_STORE=store)
    assert done.returncode == 2
    assert done.stderr.startswith(said)
