"""In: a column's name. Out: the word in it that speaks of what happened after the outcome. Used: by guards, as evidence only.

A name never drops a column by itself: it lowers what else must be seen.
"""

from __future__ import annotations

import re
from typing import Final

#: Words of what is only known once a loan went wrong, or has ended; in names as lenders write them.
AFTERWARDS: Final = (
    "recover", "collection", "settlement", "chargeoff", "charge_off", "charged_off", "writeoff", "write_off", "written_off",
    "last_pymnt", "last_payment", "next_pymnt", "next_payment", "total_pymnt", "total_paid", "total_rec", "out_prncp", "hardship",
    "debt_settle", "lgd", "outcome", "after_default", "closed_at", "close_date", "loan_status", "repaid",
)  # fmt: skip
AFTERWARDS_ZH: Final = (
    "催收",
    "逾期天数",
    "核销",
    "回收",
    "追偿",
    "结清",
    "代偿",
    "违约后",
    "贷后",
    "诉讼结果",
    "还款状态",
    "清偿",
)


def afterwards_word(name: str) -> str:
    """Return the word of a name that speaks of afterwards, or "".

    >>> afterwards_word("totalRecoveries"), afterwards_word("本期逾期天数"), afterwards_word("unsecured_lines")
    ('recover', '逾期天数', '')
    """
    small = "_" + re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())  # words begin after a line
    english = next((word for word in AFTERWARDS if f"_{word}" in small), "")
    return english or next((word for word in AFTERWARDS_ZH if word in name), "")
