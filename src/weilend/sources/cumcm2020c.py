"""In: nothing. Out: the profile `cumcm2020c`, masked Chinese firms and their VAT invoices. Used: by name, through the registry.

Source: China Undergraduate Mathematical Contest in Modelling 2020, problem C. Invoices from 2016-10 to 2020-02; the firm lists
carry no date at all.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from weilend.sources.profile import Check, Clock, Column, Emit, Layout, Part, Profile
from weilend.sources.tables.admission import register

#: The lists of firms have no date. The last invoice is of 2020-02-21, so what they say is taken as known when March begins.
EXPORT_DAY: Final = date(2020, 3, 1)
#: Value-added tax replaced the last business tax in May 2016, but older invoices may be handed in; ten years are plenty.
FIRST_DAY: Final = date(2010, 1, 1)

CHURN_HEADER: Final = ("贷款年利率", "A", "B", "C")

_STATUS = (("有效发票", "valid"), ("作废发票", "void"))
_OUTCOME = (("是", "default"), ("否", "no_default"))
_LEGAL_FORM = (("^个体经营", "sole_trader"), ("分公司$", "branch"), ("公司$", "company"), ("", "other"))
#: Names are masked and never stored; what writing puts in their place still reads as the same legal form.
_NAMES = (("sole_trader", "个体经营"), ("branch", "***公司***分公司"), ("company", "***有限公司"), ("other", "***"))

_END_OF_DAY = Clock(rule="end_of_day")
_END_OF_MONTH = Clock(rule="end_of_month")
_EXPORT = Clock(rule="start_of_day", day=EXPORT_DAY)

#: Numbers recur across years with different content, so the key is everything but the status.
_INVOICE_KEY = ("direction", "business_id", "counterparty_id", "number", "happened_on", "net_fen", "tax_fen", "gross_fen")

_ADDS_UP = Check(
    code="gross_is_not_net_plus_tax",
    total="gross_fen",
    parts=("net_fen", "tax_fen"),
    en="the amount with tax is not the net amount plus tax",
    zh="价税合计不等于金额加税额",
)


def _invoices(direction: str, counterparty: str) -> Layout:
    """Return the layout of an invoice table. The status is the final one: a void invoice was valid until its month ended."""

    def emit(row_status: str, status: str, known: Clock, before: Clock | None = None) -> Emit:
        return Emit(
            kind="invoice",
            key=_INVOICE_KEY,
            constants={"direction": direction, "status": status},
            when=("status", row_status),
            happened=_END_OF_DAY,
            known=known,
            known_before=before,
            implied=row_status != status,
        )

    return Layout(
        name=f"{direction}s",
        format="parquet",
        columns=(
            Column(raw="企业代号", fact="business_id", convert="text"),
            Column(raw="发票号码", fact="number", convert="text", stored="int64"),
            Column(raw="开票日期", fact="happened_on", convert="day", stored="timestamp", first=FIRST_DAY, last=EXPORT_DAY),
            Column(raw=counterparty, fact="counterparty_id", convert="text"),
            Column(raw="金额", fact="net_fen", convert="yuan", stored="double"),
            Column(raw="税额", fact="tax_fen", convert="yuan", stored="double"),
            Column(raw="价税合计", fact="gross_fen", convert="yuan", stored="double"),
            Column(raw="发票状态", fact="status", convert="words", words=_STATUS),
        ),
        checks=(_ADDS_UP,),
        # finals of valid rows come first, so that a row that repeats exactly, and no other, brings nothing new
        emits=(
            emit("valid", "valid", _END_OF_DAY),
            emit("void", "valid", _END_OF_DAY, before=_END_OF_MONTH),
            emit("void", "void", _END_OF_MONTH),
        ),
        order=("business_id", "happened_on"),
    )


def _firm_emit(kind: str, **constants: str) -> Emit:
    return Emit(kind=kind, key=("business_id",), constants=constants, happened=_EXPORT, known=_EXPORT)


_CODE = Column(raw="企业代号", fact="business_id", convert="text")
_NAME = Column(raw="企业名称", fact="legal_form", convert="pattern", words=_LEGAL_FORM, spell=_NAMES)
_RATING = Column(raw="信誉评级", fact="rating", convert="words", words=(("A", "A"), ("B", "B"), ("C", "C"), ("D", "D")))
_DEFAULT = Column(raw="是否违约", fact="outcome", convert="words", words=_OUTCOME)
_REGISTERED = _firm_emit("registry_event", event="registered")
_OUTCOMES = (_firm_emit("external_outcome"), _firm_emit("external_rating", rater="bank"))

CUMCM2020C = register(
    Profile(
        name="cumcm2020c",
        en="Contest data 2020-C: masked firms with their VAT invoices",
        zh="2020年国赛C题：企业及增值税发票",
        layouts=(
            _invoices("sale", "购方单位代号"),
            _invoices("purchase", "销方单位代号"),
            Layout(
                name="rated_firms",
                format="csv",
                columns=(_CODE, _NAME, _RATING, _DEFAULT),
                emits=(_REGISTERED, *_OUTCOMES),
            ),
            Layout(name="firms", format="csv", columns=(_CODE, _NAME), emits=(_REGISTERED,)),
        ),
        parts=(
            Part(file="firms_with_history.csv", layout="rated_firms", having="external_outcome"),
            Part(file="firms_with_history_purchases.parquet", layout="purchases", having="external_outcome"),
            Part(file="firms_with_history_sales.parquet", layout="sales", having="external_outcome"),
            Part(file="firms_without_history.csv", layout="firms", lacking="external_outcome"),
            Part(file="firms_without_history_purchases.parquet", layout="purchases", lacking="external_outcome"),
            Part(file="firms_without_history_sales.parquet", layout="sales", lacking="external_outcome"),
        ),
        references=(CHURN_HEADER,),
    )
)
