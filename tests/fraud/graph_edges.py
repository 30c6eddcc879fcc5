"""Edges for tests, in short words: who, what, type, and when (days)."""

from __future__ import annotations

import pyarrow as pa

from weilend.fraud.graph.build import build
from weilend.fraud.graph.edges import EDGE_SCHEMA
from weilend.fraud.graph.graph import Graph
from weilend.fraud.graph.types import EDGE_TYPES, Node

DAY = 86_400
FAR = 2**62
KIND_OF = {"contact": "phone", "desk_phone": "phone", "kin": "owner", "guarantor": "owner", "bookkeeper": "agent"}


def edge(who, what, type_, day=0, *, seq=0, until=None, kind="owner"):
    """One edge; a mark (no `what`) is of a business."""
    if EDGE_TYPES[type_].role == "mark":
        kind, what, to_kind = "business", who, "business"
    elif type_ == "owner":
        kind, to_kind = "business", "owner"
    else:
        to_kind = KIND_OF.get(type_, type_)
    return (kind, who, to_kind, what, type_, round(day * DAY), seq, FAR if until is None else round(until * DAY), 0)


def table(edges):
    """A table of edges; those without a seq are numbered as they come."""
    rows = [(*one[:6], one[6] or number + 1, *one[7:]) for number, one in enumerate(edges)]
    return pa.table({name: [row[at] for row in rows] for at, name in enumerate(EDGE_SCHEMA.names)}, schema=EDGE_SCHEMA)


def graph_of(edges, later=()):
    return Graph(build([table(edges)], EDGE_TYPES), EDGE_TYPES, [table(later)] if later else [])


def firm(name, day=0):
    """A business and its owner, who applied on a day."""
    return [edge(f"B{name}", f"O{name}", "owner", day - 5), edge(f"B{name}", None, "application", day)]


def business(name):
    return Node("business", f"B{name}")


def gang(size=8, day=100):
    """People whom one agent sends within days: two devices, one contact, one room."""
    found = []
    for number in range(size):
        at = day - 0.5 * number
        found += firm(f"g{number}", at)
        found += [edge(f"Og{number}", what, type_, at - 1) for what, type_ in (
            (f"dev{number % 2}", "device"), ("call", "contact"), ("room", "wifi"), ("lair", "address"),
        )]  # fmt: skip
    return found


def family(day=100):
    """A couple and a brother with a firm each: one home, one Wi-Fi, one tablet; each is the other's contact."""
    found = [edge("Of0", "Of1", "kin", 1), edge("Of2", "Of0", "kin", 1), edge("Of2", "Of1", "kin", 1)]
    for number in range(3):
        found += firm(f"f{number}", day - number)
        found += [edge(f"Of{number}", what, type_, day - 2) for what, type_ in (
            ("home", "address"), ("net", "wifi"), ("tablet", "device"), ("mum", "contact"),
        )]  # fmt: skip
    return found


def market(tenants=60, day=100, office="office"):
    """Tenants with one address, Wi-Fi, network and office telephone, which some name as a contact; a few apply every week."""
    found = []
    for number in range(tenants):
        found += firm(f"m{number}", day - 3 * number)
        found += [edge(f"Bm{number}", what, type_, 1, kind="business") for what, type_ in (
            ("hall", "address"), (office, "desk_phone"),
        )]  # fmt: skip
        found += [edge(f"Om{number}", what, type_, day - 1) for what, type_ in (("hall-net", "wifi"), ("hall-ip", "ip"))]
        found += [edge(f"Om{number}", office, "contact", 1)] if number % 2 else []
    return found


def courier(customers=25, day=100):
    """A courier's telephone, on which customers sign in; nothing else joins them."""
    return [one for number in range(customers) for one in (*firm(f"c{number}", day - 10 * number),
            edge(f"Oc{number}", "courier", "device", day - 2))]  # fmt: skip
