"""In: a Factur-X or ZUGFeRD PDF. Out: what its embedded invoice says. Used: through `SOURCES`.

Source: Factur-X 1.0 / ZUGFeRD 2: the PDF carries the Cross Industry Invoice as an attachment; the picture on the page is not
read.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pypdf
from pypdf.errors import PyPdfError

from weilend.core.errors import SourceError
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.cii import read_cii
from weilend.sources.files.limits import MAX_BYTES, check_size
from weilend.sources.intake import Intake

# What is odd about a PDF would otherwise be told on the terminal, file by file.
logging.getLogger("pypdf").propagate = False
logging.getLogger("pypdf").addHandler(logging.NullHandler())

#: What the attachment with the invoice is called, in any capitals.
ATTACHMENTS: Final = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "order-x.xml")
_BROKEN = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError, NotImplementedError,
           AssertionError, ArithmeticError)  # fmt: skip


def read_facturx(content: bytes, intake: Intake, *, file: str = "invoice.pdf") -> Batch:
    """Return the invoice that a PDF carries as an attachment; raises `SourceError` where it carries none.

    >>> from weilend.core.calendars import Calendar
    >>> read_facturx(b"%PDF-1.7", Intake(calendar=Calendar(), consent_id="own-data", business_id="B1"))
    Traceback (most recent call last):
    weilend.core.errors.SourceError: invoice.pdf is a PDF cut short or damaged. Hint: copy it again
    """
    intake.business(file)
    return read_cii(extract_invoice(content, file), intake, file=file, source="facturx")


def extract_invoice(content: bytes, file: str) -> bytes:
    """Return the XML that a Factur-X PDF carries.

    >>> extract_invoice(b"", "a.pdf")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.pdf is empty. Hint: export it again
    """
    check_size(content, file)
    try:
        reader = pypdf.PdfReader(io.BytesIO(content), strict=False)
        named = [(name.lower(), data) for name, data in _attachments(reader)]
    except _BROKEN:
        raise SourceError(f"{file} is a PDF cut short or damaged", hint="copy it again") from None
    for wanted in ATTACHMENTS:
        for name, data in named:
            if name == wanted:
                return data
    hint = "it is a picture of an invoice: ask the sender for the XML or a Factur-X PDF"
    raise SourceError(f"{file} carries no invoice as an attachment", hint=hint)


def _attachments(reader: pypdf.PdfReader) -> Iterator[tuple[str, bytes]]:
    for name, versions in reader.attachments.items():
        for data in versions:
            if len(data) <= MAX_BYTES:
                yield name, data


def _is_pdf(head: bytes, _name: str) -> bool:
    return head[:1024].lstrip().startswith(b"%PDF-")


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_facturx(path.read_bytes(), intake, file=path.name)


FACTURX: Final = register_source(
    Source(name="facturx", en="Factur-X or ZUGFeRD PDF", zh="Factur-X电子发票PDF", signature=_is_pdf, read=_read_file)
)
