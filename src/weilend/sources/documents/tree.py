"""In: XML from anywhere. Out: its elements by local name, without namespaces. Used: by every XML reader here.

No document type, no entity, nothing fetched; at most 50,000 elements, 60 deep. A signature's subtree is left out: it is large
and says nothing about the business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from weilend.core.errors import SourceError
from weilend.sources.files.limits import check_size

MAX_ELEMENTS: Final = 50_000
MAX_DEPTH: Final = 60
DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'  # what a written file begins with
_SIGNATURES = frozenset({"Signature", "Signatures"})
_DECLARED = re.compile(rb"""^(<\?xml[^>]*?encoding=["'])(gbk|gb2312|gb18030)(["'])""", re.IGNORECASE)


class _TooMuch(Exception):  # noqa: N818 - caught below, never seen
    pass


class _Builder:
    """Builds elements by local name and stops at the limits; the text of an element is what stands directly in it."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise _TooMuch
        element = Element(_local(tag), {_local(name): value for name, value in attributes.items()})
        if self.root is None:
            self.root = element
        elif element.tag not in _SIGNATURES:
            self._open[-1].append(element)
        self._open.append(element)

    def data(self, text: str) -> None:
        """Add text to the open element."""
        if self._open:
            self._open[-1].text = (self._open[-1].text or "") + text

    def end(self, _tag: str) -> None:
        """Close the open element."""
        self._open.pop()

    def close(self) -> Element | None:
        """Return the root."""
        return self.root


def parse_xml(content: bytes, name: str) -> Element:
    """Return the root of an XML document, its tags and attributes without namespaces.

    Raises `SourceError` for what is no XML, too much of it, or holds a document type or an entity.

    >>> parse_xml(b'<a:Order xmlns:a="urn:x"><a:Id scheme="s">7</a:Id></a:Order>', "a.xml").find("Id").text
    '7'
    >>> parse_xml(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a.xml")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.xml has a document type or entities, which no paper needs. Hint: ask the sender ...
    """
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(_as_unicode(check_size(content, name)))
        root = parser.close()
    except DefusedXmlException:
        hint = "ask the sender for a plain export"
        raise SourceError(f"{name} has a document type or entities, which no paper needs", hint=hint) from None
    except _TooMuch:
        hint = f"a paper has at most {MAX_ELEMENTS} elements, {MAX_DEPTH} deep: export fewer at a time"
        raise SourceError(f"{name} has too many elements, or too deep ones", hint=hint) from None
    except (ParseError, ValueError, LookupError) as error:
        raise SourceError(f"{name} is not well-formed XML ({error})", hint="export it again, and do not edit it") from None
    if not isinstance(root, Element):
        raise SourceError(f"{name} holds no XML element", hint="export it again")
    return root


def starts_as_xml(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of XML, byte order mark or not.

    >>> starts_as_xml(b"\\xef\\xbb\\xbf <a/>"), starts_as_xml(b"%PDF-1.7")
    (True, False)
    """
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def told(node: Element, *paths: str) -> str | None:
    """Return the trimmed text at the first path that has one, None where none has.

    >>> told(parse_xml(b"<a><b> </b><c> x </c></a>", "a.xml"), "b", "c")
    'x'
    """
    for path in paths:
        found = node.find(path)
        text = (found.text or "").strip() if found is not None else ""
        if text:
            return text
    return None


def first(node: Element, *tags: str) -> str | None:
    """Return the trimmed text of the first element of one of the tags, however deep, that has one.

    >>> first(parse_xml("<a><b><发票号码>7</发票号码></b></a>".encode(), "a.xml"), "FPHM", "发票号码")
    '7'
    """
    for tag in tags:
        for found in node.iter(tag):
            text = (found.text or "").strip()
            if text:
                return text
    return None


def plain(node: Element) -> object:
    """Return an element as plain values, for the quarantine to keep: text, or a mapping in which repeated tags are lists.

    >>> plain(parse_xml(b"<a><b>1</b><b>2</b><c d='3'>4</c></a>", "a.xml"))
    {'b': ['1', '2'], 'c': {'@d': '3', '': '4'}}
    """
    text = (node.text or "").strip()
    if not len(node) and not node.attrib:
        return text
    values: dict[str, object] = {f"@{name}": value for name, value in node.attrib.items()}
    for tag, children in _grouped(node):
        values[tag] = children[0] if len(children) == 1 else children
    return {**values, "": text} if text else values


def _grouped(node: Element) -> Iterator[tuple[str, list[object]]]:
    groups: dict[str, list[object]] = {}
    for child in node:
        groups.setdefault(child.tag, []).append(plain(child))
    yield from groups.items()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _as_unicode(content: bytes) -> bytes:
    """Return XML that declares a Chinese encoding as UTF-8: the parser below knows no encoding of several bytes but that."""
    declared = _DECLARED.match(content.lstrip())
    if declared is None:
        return content
    text = content.lstrip().decode("gb18030", "strict").encode()
    return _DECLARED.sub(rb"\1utf-8\3", text, count=1)
