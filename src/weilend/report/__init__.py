"""Values in, one self-contained page out, charts included. Generic: knows nothing of credit, imports only core."""

from weilend.report.blocks import (
    Block,
    Bullets,
    Callout,
    ChartBlock,
    ChartGrid,
    Column,
    DataTable,
    Details,
    Entry,
    Glossary,
    KeyFigure,
    KeyFigures,
    Page,
    Panel,
    Prose,
    Section,
)
from weilend.report.markdown import markdown_table
from weilend.report.network import NetworkNode, network
from weilend.report.page import render_page
from weilend.report.picture import chart_svg
from weilend.report.plots import heat, histogram, lines, ranked, scatter
from weilend.report.row_charts import bars, intervals, waterfall
from weilend.report.units import Unit, show, show_short

__all__ = [
    "Block",
    "Bullets",
    "Callout",
    "ChartBlock",
    "ChartGrid",
    "Column",
    "DataTable",
    "Details",
    "Entry",
    "Glossary",
    "KeyFigure",
    "KeyFigures",
    "NetworkNode",
    "Page",
    "Panel",
    "Prose",
    "Section",
    "Unit",
    "bars",
    "chart_svg",
    "heat",
    "histogram",
    "intervals",
    "lines",
    "markdown_table",
    "network",
    "ranked",
    "render_page",
    "scatter",
    "show",
    "show_short",
    "waterfall",
]
