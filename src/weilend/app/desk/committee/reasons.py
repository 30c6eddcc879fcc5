"""In: a `Result`. Out: how often each reason was given, in both languages, by outcome. Used: by the section on decisions."""

from __future__ import annotations

import re
from collections import Counter

from weilend.app.desk.committee.facts import OUTCOMES, say_both
from weilend.app.desk.run import Result
from weilend.core.values import Reason
from weilend.report import Block, ChartBlock, Column, DataTable, bars

_VALUE = re.compile(r"\{\w+\}")
_LIMIT = "limit_"


def tabulate_reasons(result: Result) -> list[Block]:
    """Return a chart of what stood in the way, and the table of all reasons."""
    given = [(reason.code, receipt.decision.outcome) for receipt in result.receipts for reason in receipt.decision.reasons]
    counted: Counter[tuple[str, str]] = Counter(given)
    names = _names(result)
    codes = [code for code, _ in Counter(code for code, _ in given).most_common()]
    return [*_in_the_way(counted, codes, names, result), _table(counted, codes, names)]


def _in_the_way(counted: Counter[tuple[str, str]], codes: list[str], names: dict[str, Reason], result: Result) -> list[Block]:
    """Return the rules that refer or decline, by how many they met."""
    stops = {finding.code for finding in result.sealed.evaluator.program.findings if finding.outcome != "approve"}
    found = [(code, counted[code, "refer"] + counted[code, "decline"]) for code in codes if code in stops]
    if not found:
        return []
    return [
        ChartBlock(
            title="What stood in the way 未通过的原因",
            description="Rules that refer or decline, and how many applications each met. One application can meet several.",
            spec=bars([_label(names[code]) for code, _ in found], [count for _, count in found], axis="applications"),
        )
    ]


def _table(counted: Counter[tuple[str, str]], codes: list[str], names: dict[str, Reason]) -> DataTable:
    return DataTable(
        title="All reasons that were given 原因分布",
        caption="… stands for the value of each business. Reasons from the model are named after the value they state.",
        columns=(
            Column(title="Code 原因码"),
            Column(title="Reason 原因"),
            *(Column(title=outcome, unit="count") for outcome in OUTCOMES),
        ),
        rows=tuple((code, say_both(names[code]), *(counted[code, outcome] for outcome in OUTCOMES)) for code in codes),
        folded=False,
    )


def _names(result: Result) -> dict[str, Reason]:
    """Return each reason's sentence without its values; where policy and features have none, the first that was given."""
    policy = result.sealed.evaluator.policy
    known = {feature.name: (feature.en, feature.zh) for feature in result.sealed.features.features}
    known |= {rule.id: (rule.en, rule.zh) for rule in policy.rules}
    known |= {f"{_LIMIT}{limit.name}": (limit.en, limit.zh) for limit in policy.limits}
    found: dict[str, Reason] = {}
    for receipt in result.receipts:
        for reason in receipt.decision.reasons:
            english, chinese = known.get(reason.code, (reason.en, reason.zh))
            found.setdefault(reason.code, Reason(reason.code, _VALUE.sub("…", english), _VALUE.sub("…", chinese)))
    return found


def _label(reason: Reason) -> str:
    return f"{reason.code.replace('_', ' ')} {reason.zh.split('，')[0]}"
