"""In: nothing. Out: the one look of all charts (colours, type, axes). Used: by charts; the page's style sheet agrees with it.

Colours follow Okabe and Ito (2008), which stay apart in the common kinds of colour blindness, darkened until each has a
contrast of at least 3 : 1 on white (WCAG 2.2, 1.4.11); text has at least 4.5 : 1.
"""

from __future__ import annotations

from typing import Any

#: System fonts only, Chinese ones at the end.
FONT = (
    "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', "
    "'Noto Sans CJK SC', 'WenQuanYi Micro Hei', sans-serif"
)

INK = "#1d2733"
INK_SOFT = "#55616e"
LINE = "#d5dbe1"
GRID = "#e9edf0"
PAPER = "#ffffff"

BLUE = "#1f6698"
ORANGE = "#c25a0c"
GREY = "#7b8794"
#: For groups, in this order.
PALETTE = (BLUE, ORANGE, "#0a7f62", "#a8548a", "#9a7400", "#3d8fc4", "#7b8794", "#8a3b12")
#: For ordered groups, from light to dark.
SHADES = ("#b9d6e8", "#82b3d4", "#4389ba", "#1c5a89", "#0a2e4c")
SEQUENTIAL = ("#f2f7fa", "#c4dcea", "#86b7d5", "#3f86b5", "#124f7d")
DIVERGING = ("#a3480a", "#e0a06a", "#f7f4f0", "#8fbdd9", "#17608f")

_AXIS: dict[str, Any] = {
    "labelColor": INK_SOFT,
    "labelFontSize": 12,
    "titleColor": INK_SOFT,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titlePadding": 8,
    "domainColor": LINE,
    "tickColor": LINE,
    "gridColor": GRID,
    "labelLimit": 190,
    "labelPadding": 5,
}

CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": PAPER,
    "padding": {"left": 2, "right": 10, "top": 4, "bottom": 2},
    "view": {"stroke": None},
    "axis": _AXIS,
    "legend": {
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 260,
        "titleColor": INK_SOFT,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "orient": "top",
        "symbolType": "square",
        "symbolSize": 110,
        "offset": 10,
    },
    "text": {"color": INK, "fontSize": 12, "font": FONT},
    "rule": {"color": INK_SOFT},
    "range": {"category": list(PALETTE)},
}
