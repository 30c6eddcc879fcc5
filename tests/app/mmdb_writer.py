"""A writer of tiny databases in MaxMind's format 2.0 (IPv4, 24-bit records), as tests of networks want them."""

from __future__ import annotations

import ipaddress
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"


def encode(value: Any) -> bytes:
    """Return a value as the data section has it: booleans, whole numbers, short texts, maps and lists."""
    if isinstance(value, bool):
        return bytes([int(value), 14 - 7])
    if isinstance(value, int):
        raw = value.to_bytes(4, "big").lstrip(b"\0")
        return bytes([5 << 5 | len(raw)]) + raw
    if isinstance(value, tuple):  # (type, number): 6 is 32 bits wide, 9 (an extended type) 64
        wide, number = value
        raw = number.to_bytes(4, "big").lstrip(b"\0")
        return (bytes([len(raw), wide - 7]) if wide > 7 else bytes([wide << 5 | len(raw)])) + raw
    if isinstance(value, str):
        raw = value.encode()
        return bytes([2 << 5 | len(raw)] if len(raw) < 29 else [2 << 5 | 29, len(raw) - 29]) + raw
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(encode, value))
    return bytes([7 << 5 | len(value)]) + b"".join(encode(name) + encode(one) for name, one in value.items())


def write_mmdb(kind: str, rows: dict[str, Any]) -> bytes:
    """Return a database of some networks."""
    nodes: list[list[Any]] = [[None, None]]
    data = b""
    for network, value in rows.items():
        net = ipaddress.ip_network(network)
        bits, at = f"{int(net.network_address):032b}"[: net.prefixlen], 0
        for place, bit in enumerate(map(int, bits)):
            if place == len(bits) - 1:
                nodes[at][bit] = ("data", len(data))
            else:
                if nodes[at][bit] is None:
                    nodes.append([None, None])
                    nodes[at][bit] = len(nodes) - 1
                at = nodes[at][bit]
        data += encode(value)
    tree = b""
    for record in (one for node in nodes for one in node):
        number = len(nodes) if record is None else record if isinstance(record, int) else len(nodes) + 16 + record[1]
        tree += number.to_bytes(3, "big")
    meta = {
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": (9, 1), "database_type": kind,
        "description": {"en": "test"}, "ip_version": 4, "languages": ["en"], "node_count": (6, len(nodes)), "record_size": 24,
    }  # fmt: skip
    return tree + bytes(16) + data + MARKER + encode(meta)
