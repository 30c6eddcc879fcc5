"""In: nothing. Out: `REASONS`, why a row is quarantined, in words. Used: by converters, steps, the reader and documents."""

from __future__ import annotations

from weilend.core.values import Reason

#: Why a row cannot be read; `{column}` is the raw column's name.
REASONS = {
    reason.code: reason
    for reason in (
        Reason("torn_row", "the row does not have as many cells as the header", "该行列数与表头不符"),
        Reason("open_quote", "a quote is opened in the row and not closed", "该行引号不成对"),
        Reason("broken_text", "the row holds signs that are not text in the file's encoding", "该行含有无法解码的字符"),
        Reason("missing", "{column} is empty", "{column}为空"),
        Reason("not_an_amount", "{column} is not an amount of yuan", "{column}不是金额"),
        Reason("fraction_of_fen", "{column} has fractions of a fen", "{column}精度超过分"),
        Reason("not_a_number", "{column} is not a number", "{column}不是数字"),
        Reason("too_many_digits", "{column} has more decimals than are kept", "{column}小数位数过多"),
        Reason("not_a_rate", "{column} is not a rate", "{column}不是税率或比率"),
        Reason("out_of_range", "{column} is out of range", "{column}超出合理范围"),
        Reason("not_a_day", "{column} is not a day", "{column}不是日期"),
        Reason("not_a_time", "{column} is not a time of day", "{column}不是时间"),
        Reason("day_out_of_range", "{column} lies outside the days that this source covers", "{column}不在该来源的日期范围内"),
        Reason("unknown_word", "{column} holds a word that this format does not know", "{column}的取值无法识别"),
        Reason(
            "digits_lost",
            "{column} was saved as a rounded number and lost its last digits",
            "{column}被存成了科学计数法，尾数已丢失",
        ),
        Reason("both_ways", "the row has an amount in and an amount out", "该行收入与支出同时有值"),
        Reason("no_amount", "the row has no amount, neither in nor out", "该行没有金额"),
        Reason("foreign_currency", "the amount is not in the currency of the book", "金额不是本账簿的币种"),
        Reason(
            "no_order",
            "the row belongs to an order whose first row is missing or does not tell it",
            "该行所属订单的首行缺失或不完整",
        ),
        Reason("no_invoice_number", "the invoice has no number", "发票没有号码"),
        Reason("not_ours", "neither side of the invoice is the business", "发票的购销双方都不是本企业"),
        Reason(
            "no_partner",
            "the row belongs to another table of the folder, which has nothing for it",
            "同文件夹的其他表中没有与该行对应的行",
        ),
    )
}


def about(code: str, column: str = "") -> Reason:
    """Return a reason that names the raw column it is about.

    >>> about("missing", "余额").zh
    '余额为空'
    """
    reason = REASONS[code]
    return Reason(reason.code, reason.en.format(column=column), reason.zh.format(column=column))
