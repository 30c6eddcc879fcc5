"""In: nothing. Out: `Fault`, what is wrong with one row of a paper or message, and the reasons. Used: by every reader here.

A fault concerns one row and puts it into quarantine; what is wrong with a whole file is a `SourceError`.
"""

from __future__ import annotations

from typing import Final

from weilend.core.values import Reason
from weilend.sources.reasons import REASONS as TABLE_REASONS

_PAPER_REASONS = (
    Reason("not_an_instant", "{column} is not an instant", "{column}不是时间"),
    Reason("not_of_format", "{column} is not written as the format asks", "{column}不符合格式要求"),
    Reason("not_booked", "the bank has not booked it: it comes again once it is", "该笔尚未入账，入账后会再次出现"),
    Reason("taken_back", "the bank took it back: look for the entry and correct it by hand", "银行已撤回该笔，请人工核对"),
    Reason("no_account", "the statement does not name its account", "对账单没有账号"),
    Reason("paper_refused", "the paper that it is a line of was refused", "所属单据已被拒收"),
    Reason("not_in_kind", "{column} does not fit the records of its kind", "{column}不符合记录要求"),
    Reason("unknown_kind", "{column} names no kind of record that may come this way", "{column}不是可接收的记录类型"),
)  # fmt: skip

#: Why a row cannot be read; `{column}` is what the paper calls the value.
REASONS: Final = {**TABLE_REASONS, **{reason.code: reason for reason in _PAPER_REASONS}}


class Fault(Exception):  # noqa: N818 - it is what a row has, not what the program did wrong
    """One row cannot become a record: `code` names the reason, `column` what the paper calls the value.

    >>> Fault("missing", "TRNAMT").reason.en
    'TRNAMT is empty'
    """

    def __init__(self, code: str, column: str = "") -> None:
        self.code = code
        self.column = column
        super().__init__(f"{code}: {column}")

    @property
    def reason(self) -> Reason:
        """The reason in words, with the value's name in place."""
        known = REASONS[self.code]
        return Reason(known.code, known.en.format(column=self.column), known.zh.format(column=self.column))
