"""In: a chart's specification. Out: the same chart as SVG text. Used: for pictures in README and documents."""

from __future__ import annotations

import vl_convert

from weilend.core.errors import InputError
from weilend.report.blocks import Spec
from weilend.report.bundle import vega_version


def chart_svg(spec: Spec, *, width_px: int = 720) -> str:
    """Return a chart as SVG of the given width. No network: a specification that asks for an address is refused.

    >>> from weilend.report.row_charts import bars
    >>> chart_svg(bars(["late"], [3]))[:4]
    '<svg'
    """
    try:
        picture: str = vl_convert.vegalite_to_svg(spec | {"width": width_px}, vl_version=vega_version(), allowed_base_urls=[])
    except ValueError as error:
        raise InputError(
            f"this chart cannot be drawn: {str(error).splitlines()[0]}",
            hint="make it with the chart functions of weilend.report",
        ) from error
    return picture
