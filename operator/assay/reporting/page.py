"""An HTML page that needs no network: its template, with the styles and the chart library in it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

_BUNDLER = """
import sys, vl_convert
sys.stdout.buffer.write(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").encode())
"""


def page(template: str, **values: object) -> str:
    """Return the page made from a template of this package, which gets `css`, `javascript` and `libraries` beside
    `values`."""
    return _template(template).render(
        css=Markup(_file("report.css")),  # noqa: S704  our own files, and the chart library
        javascript=Markup(_file("report.js")),  # noqa: S704
        libraries=Markup(_libraries()),  # noqa: S704
        **values,
    )


def _file(name: str) -> str:
    return (files("assay.reporting") / name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_file(name))


@cache
def _libraries() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that can't end the HTML element around it.

    A process of its own makes it: the JavaScript engine that bundles it would keep 80 MB for as long as this one runs.
    """
    done = subprocess.run([sys.executable, "-c", _BUNDLER], check=True, stdout=subprocess.PIPE)
    bundle = done.stdout.decode()
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")
