"""Requests to the API server."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from kubernetes.client import ApiClient, ApiException, Configuration
from kubernetes.config import ConfigException, list_kube_config_contexts, load_incluster_config, load_kube_config
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry
from yaml import YAMLError

from assay.kube.errors import Conflict, NoCluster, NotFound, error_of, no_answer
from assay.kube.resources import API_GROUPS, PODS, Manifest, Resource
from assay.kube.yaml_body import yaml_body

Observer = Callable[[str, str, int], None]
"""A function that is told of every request: its verb (as in RBAC rules), the resource's plural, and the HTTP status, or
0 if no answer came."""

TIMEOUT_SECONDS = 15.0
"""How long a request may take to connect, and then between bytes."""

_UNREADABLE = (ConfigException, YAMLError, OSError, ValueError, TypeError)
"""What reading a kubeconfig may raise: the official client raises many things for a file that is none."""

FIRST_PAGE, LARGEST_PAGE, SMALLEST_PAGE = 50, 500, 5
"""How many objects a list asks for at a time: few at first, then as many as should fit into PAGE_BYTES."""

PAGE_BYTES = 4 << 20
"""The most bytes of a page: an object may have more than a megabyte, and a thousand of them would fill the memory."""


class Kube:
    """A client for threads to share. Every method may raise `KubeError`; each says which ones it does not.

    Authentication, TLS and proxies are the official client's; the JSON is read here, since its models would take
    longer to make than the requests.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        observer: Observer | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        connections: int = 32,
    ) -> None:
        # A kept connection may just have been closed by the server: once more, but never after an answer.
        configuration.retries = Retry(total=1, redirect=0, status=0, respect_retry_after_header=False)
        configuration.connection_pool_maxsize = connections
        self._api = ApiClient(configuration)
        self._api.user_agent = "assay"
        self._observer = observer
        self._timeout = (timeout_seconds, timeout_seconds)

    @classmethod
    def from_environment(cls, *, observer: Observer | None = None, timeout_seconds: float = TIMEOUT_SECONDS) -> Self:
        """Return a client of the cluster of $KUBECONFIG; else of the one that this runs in; else of ~/.kube/config's.

        Raises NoCluster if there is none of them.
        """
        if "KUBECONFIG" not in os.environ and "KUBERNETES_SERVICE_HOST" in os.environ:
            configuration = Configuration()
            try:
                load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            except ConfigException as error:
                raise NoCluster(str(error)) from error
            return cls(configuration, observer=observer, timeout_seconds=timeout_seconds)
        return cls.from_kubeconfig(os.environ.get("KUBECONFIG"), observer=observer, timeout_seconds=timeout_seconds)

    @classmethod
    def from_kubeconfig(
        cls,
        path: str | Path | None = None,
        *,
        context: str | None = None,
        observer: Observer | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Self:
        """Return a client of the cluster of a kubeconfig's context; None: the usual file, the current context.

        Raises NoCluster.
        """
        configuration = Configuration()
        try:
            load_kube_config(  # type: ignore[no-untyped-call]
                config_file=None if path is None else str(path), context=context, client_configuration=configuration
            )
        except _UNREADABLE as error:
            raise NoCluster(str(error)) from error
        return cls(configuration, observer=observer, timeout_seconds=timeout_seconds)

    def get(self, resource: Resource, namespace: str, name: str) -> Manifest:
        """Return the object. Raises NotFound."""
        return self._request("get", resource, _path(resource, namespace, name))

    def list(
        self, resource: Resource, namespace: str | None, *, label_selector: str = "", field_selector: str = ""
    ) -> list[Manifest]:
        """Return all objects, of a namespace or (None) of all, that have these labels (`a=b,c`), as they are now.

        `field_selector` (`a.b=c`) is for the few fields by which the server can select.
        """
        found: list[Manifest] = []
        query = {"limit": str(FIRST_PAGE), "labelSelector": label_selector, "fieldSelector": field_selector}
        while True:
            answer = self._answer("list", resource, _path(resource, namespace), query)
            page = _parsed(answer)
            # The items of a list leave out what the list says once for all.
            found += [{"apiVersion": resource.api_version, "kind": resource.kind, **item} for item in page["items"]]
            if not (token := page["metadata"].get("continue")):
                return found
            query["continue"] = token
            fitting = PAGE_BYTES * len(page["items"]) // len(answer)
            query["limit"] = str(min(max(fitting, SMALLEST_PAGE), LARGEST_PAGE))

    def versions(self, group: str) -> Sequence[str]:
        """Return the versions that the server has of an API group, the preferred one first; none without the group."""
        path = f"/apis/{group}"
        try:
            found = self._request("get", API_GROUPS, path)
        except NotFound:
            return ()
        preferred = (found.get("preferredVersion") or {}).get("version")
        versions = [each["version"] for each in found.get("versions") or ()]
        return sorted(versions, key=lambda version: version != preferred)

    def create(self, resource: Resource, namespace: str, manifest: Mapping[str, Any]) -> Manifest:
        """Make an object, and return it as the server has it.

        Raises AlreadyExists, Refused; NotFound if there is no such namespace.
        """
        return self._request("create", resource, _path(resource, namespace), body=manifest)

    def delete(self, resource: Resource, namespace: str, name: str, *, uid: str | None = None) -> None:
        """Delete an object, and in the background what it owns. Nothing happens if it (or that uid) is gone."""
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if uid is not None:
            body["preconditions"] = {"uid": uid}
        try:
            self._request("delete", resource, _path(resource, namespace, name), body=body)
        except NotFound:
            return
        except Conflict:
            if uid is None:
                raise

    def apply_status(
        self, resource: Resource, namespace: str, name: str, status: Mapping[str, Any], *, manager: str
    ) -> Manifest:
        """Apply a status, server-side, as this field manager, and return the object. Raises NotFound.

        The fields become this manager's, whoever has set them before; what it applied before and now leaves out goes.
        """
        body = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": name},
            "status": status,
        }
        query = {"fieldManager": manager, "force": "true"}
        return self._request("patch", resource, _path(resource, namespace, name, "status"), query, body)

    def annotate(
        self, resource: Resource, namespace: str, name: str, annotations: Mapping[str, str], *, manager: str
    ) -> Manifest:
        """Set annotations of an object, as this field manager, and return the object. Raises NotFound."""
        self.get(resource, namespace, name)  # applying to one that is not there would make it
        body = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": name, "annotations": dict(annotations)},
        }
        query = {"fieldManager": manager, "force": "true"}
        return self._request("patch", resource, _path(resource, namespace, name), query, body)

    def logs(self, namespace: str, pod: str, *, tail_lines: int | None = None) -> str:
        """Return what a pod's only container printed, or its end. Raises NotFound; Refused before it has started."""
        query = {} if tail_lines is None else {"tailLines": str(tail_lines)}
        return self._answer("get", PODS, _path(PODS, namespace, pod, "log"), query).decode(errors="replace")

    def close(self) -> None:
        """Close the connections that are kept."""
        self._api.close()  # type: ignore[no-untyped-call]

    def _request(
        self,
        verb: str,
        resource: Resource,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Manifest:
        return _parsed(self._answer(verb, resource, path, query, body))

    def _answer(
        self,
        verb: str,
        resource: Resource,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> bytes:
        code = 0
        try:
            code, answer = self._send(_METHODS[verb], path, query, body)
        except (HTTPError, ApiException, OSError) as error:
            raise no_answer(error) from error
        finally:
            if self._observer is not None:
                self._observer(verb, resource.plural, code)
        if not 200 <= code < 300:
            raise error_of(code, answer)
        return answer

    def _send(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> tuple[int, bytes]:
        headers = {"Accept": "application/json", **self._api.default_headers}
        headers["Content-Type"] = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        self._api.update_params_for_auth(headers, None, ["BearerToken"], path, method, None)
        url = self._api.configuration.host + path + (f"?{urlencode(query)}" if query else "")
        sent = yaml_body(body) if method == "PATCH" and body is not None else body
        response = self._api.call_api(method, url, headers, sent, _request_timeout=self._timeout)
        return response.status, response.read()  # type: ignore[no-untyped-call]


_METHODS = {"get": "GET", "list": "GET", "create": "POST", "delete": "DELETE", "patch": "PATCH"}


def contexts(kubeconfig: str | Path | None = None) -> list[str]:
    """Return the names of a kubeconfig's contexts (None: the usual file); none where it can't be read."""
    return [str(each["name"]) for each in _contexts(kubeconfig)[0]]


def current_namespace(kubeconfig: str | Path | None = None, context: str | None = None) -> str:
    """Return the namespace of a kubeconfig's context (None: the usual file, the current one), or `default` if it names
    none."""
    every, current = _contexts(kubeconfig)
    chosen = current if context is None else next((each for each in every if each["name"] == context), None)
    return str(((chosen or {}).get("context") or {}).get("namespace") or "default")


def _contexts(kubeconfig: str | Path | None) -> tuple[list[Manifest], Manifest | None]:
    try:
        every, current = list_kube_config_contexts(None if kubeconfig is None else str(kubeconfig))  # type: ignore[no-untyped-call]
    except _UNREADABLE:
        return [], None
    return every, current


def _parsed(answer: bytes) -> Manifest:
    try:
        value = json.loads(answer)
    except ValueError as error:  # something between here and the server answers
        raise no_answer(error) from error
    return value if isinstance(value, dict) else {}


def _path(resource: Resource, namespace: str | None, *rest: str) -> str:
    within = [] if namespace is None else ["namespaces", namespace]
    return "/".join([resource.root, *within, resource.plural, *rest])
