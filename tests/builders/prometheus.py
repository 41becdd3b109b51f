"""A real Prometheus that scrapes one target."""

from __future__ import annotations

import json
import shutil
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from cluster.network import free_ports
from cluster.processes import Process, Processes
from cluster.requirements import Unavailable

_CONFIGURATION = """\
scrape_configs:
- job_name: assay
  scrape_interval: 500ms
  scrape_timeout: 500ms
  honor_labels: %s
  static_configs: [{targets: ["%s"], labels: %s}]
"""


class Prometheus:
    """Scrapes `target`, host:port, twice a second, from its start to the end of `processes`.

    The target has `labels`; with `honor_labels` those that its series have already are left as they are. Raises
    `Unavailable` where there is no Prometheus.
    """

    def __init__(
        self,
        processes: Processes,
        folder: Path,
        target: str,
        *,
        labels: Mapping[str, str] | None = None,
        honor_labels: bool = False,
    ) -> None:
        program = shutil.which("prometheus")
        if program is None:
            raise Unavailable("needs prometheus on the PATH: `make system-deps` installs it")
        configuration = folder / "prometheus.yml"
        configuration.write_text(_CONFIGURATION % (json.dumps(honor_labels), target, json.dumps(labels or {})))
        (self._port,) = free_ports(1)
        options = [f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data", "--log.level=warn"]
        address = f"--web.listen-address=127.0.0.1:{self._port}"
        self.process: Process = processes.start("prometheus", [program, *options, address])

    def answer(self, query: str) -> str | None:
        """Return the one value of a query; None if there is none or Prometheus is not up yet."""
        url = f"http://127.0.0.1:{self._port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                found = json.loads(response.read())["data"]["result"]
        except OSError:
            return None
        return str(found[0]["value"][1]) if found else None
