"""A cache that has missed events, brought in line with a list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from kubernetes.client import Configuration

from assay.kube import JOBS, Cache, Kube, Manifest, relist


@contextmanager
def a_server(listed: Sequence[Manifest], meanwhile: Callable[[], object] = lambda: None) -> Iterator[Kube]:
    """An API server that answers every request with this list, after it did something else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            meanwhile()
            body = json.dumps({"metadata": {}, "items": listed}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    configuration = Configuration()
    configuration.host = f"http://127.0.0.1:{server.server_port}"
    kube = Kube(configuration)
    try:
        yield kube
    finally:
        kube.close()
        server.shutdown()
        thread.join()
        server.server_close()


def a_job(name: str, *, version: int = 1, study: str = "digits") -> Manifest:
    labels = {"assay.dev/study": study}
    about = {"namespace": "team", "name": name, "uid": f"uid-{name}", "resourceVersion": str(version), "labels": labels}
    return {"metadata": about}


def a_cache(*jobs: Manifest) -> Cache:
    cache = Cache()
    for job in jobs:
        cache.put(job)
    return cache


def names(manifests: Sequence[Manifest]) -> list[str]:
    return [each["metadata"]["name"] for each in manifests]


def test_a_list_replaces_what_was_known_of_a_study_and_nothing_else() -> None:
    cache = a_cache(a_job("a", version=5), a_job("b"), a_job("c", study="other"))
    with a_server([a_job("a", version=4), a_job("d")]) as kube:
        relist(kube, JOBS, cache, "team", "digits")
    assert names(cache.of_study("team", "digits")) == ["a", "d"]
    assert cache.get("team", "a") == a_job("a", version=5)
    assert names(cache.all()) == ["a", "c", "d"]
    assert not cache.put(a_job("b", version=2)), "it was deleted"


def test_what_comes_while_the_list_is_taken_stays() -> None:
    cache = a_cache(a_job("a"))
    with a_server([a_job("a")], meanwhile=lambda: cache.put(a_job("young"))) as kube:
        relist(kube, JOBS, cache, "team")
    assert names(cache.all()) == ["a", "young"]
