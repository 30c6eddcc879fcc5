"""In: named nodes in layers, and lines between them. Out: a Vega-Lite specification. Used: in `ChartBlock` and
`chart_svg`, to show who
shares what with whom.

Layers stand side by side from left to right; within a layer a node stands at the height of those that it is joined to. Nothing is
drawn by chance: the same nodes give the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import msgspec

from weilend.core.errors import InputError
from weilend.report import theme
from weilend.report.blocks import Spec
from weilend.report.marks import Rows, finish, group_colour, table_of, tips

MOST_NODES = 120
_NODE_PX, _LEAST_PX, _SWEEPS = 26, 160, 4


class NetworkNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node: its name (told apart by it), what is written beside it, its group (a colour), its layer from 0, and a note.

    >>> NetworkNode(name="p1", label="phone …p1", group="phone", layer=1).note
    ''
    """

    name: str
    label: str
    group: str
    layer: int
    note: str = ""
    marked: bool = False


def network(nodes: Sequence[NetworkNode], edges: Sequence[tuple[str, str]], *, groups: Sequence[str] = ()) -> Spec:
    """Return nodes in layers with lines between them (120 nodes at most); marked nodes have a thick rim.

    Raises `InputError` for two nodes of one name, a line to a node that is not there, or too many nodes.

    >>> nodes = [NetworkNode(name="a", label="A", group="firm", layer=0), NetworkNode(name="p", label="P", group="phone", layer=1)]
    >>> sorted(layer["mark"]["type"] for layer in network(nodes, [("a", "p")])["layer"])
    ['point', 'rule', 'text']
    """
    _check(nodes, edges)
    height = {name: place for names in _ordered(nodes, edges).values() for name, place in _heights(names).items()}
    by_name = {one.name: one for one in nodes}
    points: Rows = [
        {"x": one.layer, "y": height[one.name], "label": one.label, "group": one.group, "note": one.note or one.label,
         "rim": 3 if one.marked else 0.6, "edge": theme.ORANGE if one.marked else theme.PAPER}
        for one in nodes
    ]  # fmt: skip
    lines: Rows = [
        {"x": by_name[one].layer, "y": height[one], "x2": by_name[other].layer, "y2": height[other]} for one, other in edges
    ]
    widest = max((one.layer for one in nodes), default=0)
    x = alt.X("x:Q", scale=alt.Scale(domain=[-0.15, widest + 0.85], nice=False, zero=False), axis=None)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, 1], nice=False, zero=False), axis=None)
    drawn = table_of(points).encode(x=x, y=y)
    rules = table_of(lines).mark_rule(color=theme.LINE, strokeWidth=1.4).encode(x=x, y=y, x2="x2", y2="y2")
    dots = drawn.mark_point(filled=True, size=150, opacity=1).encode(
        color=group_colour(list(groups) or list(dict.fromkeys(one.group for one in nodes)), shaded=False),
        stroke=alt.Stroke("edge:N", scale=None),
        strokeWidth=alt.StrokeWidth("rim:Q", scale=None),
        tooltip=tips(group="what", note="which"),
    )
    names = drawn.mark_text(align="left", baseline="middle", dx=11, fontSize=11, color=theme.INK).encode(text="label:N")
    tallest = max((len(one) for one in _ordered(nodes, edges).values()), default=1)
    return finish(alt.layer(rules, dots, names), height=max(_LEAST_PX, tallest * _NODE_PX))


def _check(nodes: Sequence[NetworkNode], edges: Sequence[tuple[str, str]]) -> None:
    names = {one.name for one in nodes}
    if len(nodes) > MOST_NODES:
        raise InputError(
            f"{len(nodes)} nodes are too many to read", hint=f"draw {MOST_NODES} at most, and say how many there are"
        )
    if len(names) < len(nodes):
        raise InputError("two nodes have one name", hint="give each its own")
    strange = next((name for edge in edges for name in edge if name not in names), None)
    if strange is not None:
        raise InputError(f"a line ends at {strange!r}, which is no node", hint="draw its node too, or leave the line out")


def _ordered(nodes: Sequence[NetworkNode], edges: Sequence[tuple[str, str]]) -> dict[int, list[str]]:
    """Return the names of each layer from top to bottom: near to those that they are joined to (barycentres, Sugiyama 1981)."""
    layers: dict[int, list[str]] = {}
    for one in sorted(nodes, key=lambda one: (one.layer, one.group, one.label, one.name)):
        layers.setdefault(one.layer, []).append(one.name)
    joined: dict[str, list[str]] = {one.name: [] for one in nodes}
    for start, end in sorted(edges):
        joined[start].append(end)
        joined[end].append(start)
    for _ in range(_SWEEPS):
        height = {name: place for names in layers.values() for name, place in _heights(names).items()}
        for names in layers.values():
            names.sort(key=lambda name: (_mean([height[near] for near in joined[name]], height[name]), name))
    return layers


def _heights(names: Sequence[str]) -> dict[str, float]:
    """Return where names stand in their layer, 1 at the top."""
    return {name: 1 - (place + 0.5) / len(names) for place, name in enumerate(names)}


def _mean(values: Sequence[float], otherwise: float) -> float:
    """Return minus the mean height, so that what is joined to the top stands at the top."""
    return -(sum(values) / len(values) if values else otherwise)
