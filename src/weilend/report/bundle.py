"""In: the installed vl-convert wheel. Out: the scripts of a page, as text: to draw charts, to search. Used: in every page."""

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


#: Shows the entries of a glossary that hold every word typed, and says how many; without it the page shows them all.
SEARCH = """
for (const box of document.querySelectorAll(".glossary")) {
  const field = box.querySelector("input"), told = box.querySelector("output"), entries = [...box.querySelectorAll(".entry")];
  const texts = entries.map((entry) => entry.textContent.toLowerCase());
  const search = () => {
    const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let found = 0;
    entries.forEach((entry, place) => {
      entry.hidden = !words.every((word) => texts[place].includes(word));
      found += !entry.hidden;
    });
    told.textContent = found + " / " + entries.length;
  };
  field.addEventListener("input", search);
  search();
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
def digest_script(script: str) -> str:
    """Return the digest by which the page allows a script and no other (Content Security Policy Level 3, §2.3.1).

    >>> digest_script(SEARCH).startswith("sha256-")
    True
    """
    return "sha256-" + b64encode(sha256(script.encode()).digest()).decode()
