"""In: the installed vl-convert wheel. Out: the script that draws charts, as text. Used: once in every page with charts."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256

import altair as alt
import vl_convert

#: Draws each chart from the specification beside it. `ast` evaluates expressions without `eval`, so that the page can forbid
#: it; a chart inside folded details has no width until they open, hence the resize.
BOOT = """
for (const place of document.querySelectorAll(".chart")) {
  const spec = JSON.parse(place.nextElementSibling.textContent);
  vegaEmbed(place, spec, {mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false})
    .catch((error) => { place.textContent = "This chart could not be drawn: " + error.message; });
}
for (const fold of document.querySelectorAll("details")) {
  fold.addEventListener("toggle", () => window.dispatchEvent(new Event("resize")));
}
"""


def vega_version() -> str:
    """Return the Vega-Lite version that altair writes, as vl-convert names it.

    >>> vega_version().count(".")
    1
    """
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


@cache
def chart_script() -> str:
    """Return Vega, Vega-Lite and their embedder with the few lines that draw every chart of the page (0.9 MB).

    >>> "</script" in chart_script().lower()
    False
    """
    libraries: str = vl_convert.javascript_bundle(BOOT, vl_version=vega_version())
    # a closing tag inside a string of the library would end the script early; this spelling means the same to JavaScript
    return libraries.replace("</script", "<\\/script").replace("</SCRIPT", "<\\/SCRIPT")


@cache
def script_digest() -> str:
    """Return the digest by which the page allows this script and no other (Content Security Policy Level 3, §2.3.1).

    >>> script_digest().startswith("sha256-")
    True
    """
    return "sha256-" + b64encode(sha256(chart_script().encode()).digest()).decode()
