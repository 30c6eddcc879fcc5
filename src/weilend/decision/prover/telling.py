"""In: rows of raw inputs. Out: witnesses that a credit officer can read. Used: for every verdict that has a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from weilend.core.records import Field
from weilend.decision.parts import Policy
from weilend.decision.program import Program, interpret
from weilend.decision.prover.machine import Machine
from weilend.decision.prover.points import Row, holds
from weilend.decision.prover.values import Span
from weilend.decision.prover.verdict import Witness
from weilend.decision.wording import show, show_zh
from weilend.formula.tree import Value

#: Units whose amounts are rounded where they are shown: the exact number stands beside.
_ROUNDED = ("fen", "ppm")


class Teller:
    """Says rows of a program in words: what differs from the first case, with units, and what is answered."""

    def __init__(self, program: Program, policy: Policy, machine: Machine) -> None:
        self.program = program
        self.policy = policy
        self.machine = machine
        self.base = machine.seeds[0]

    def plainer(self, row: Row, still: Callable[[Row], bool], fixed: Mapping[str, Any]) -> Row:
        """Return a row that shows the same and differs from the first case only where it must."""
        for name, value in self.base.items():
            span = fixed.get(name)
            if row[name] == value or (name in fixed and (span is None or not holds(span, value))):
                continue
            other = {**row, name: value}
            row = other if still(other) else row
        return row

    def witness(self, row: Row, after: Row | None) -> Witness:
        """Return a row, and what it is compared with, as a witness; the answers are those of `interpret`."""
        values, later = self._values(row), None if after is None else self._values(after)
        differs = [name for name in row if row[name] != self.base[name] or (after is not None and row[name] != after[name])]
        english = [f"{self._label(name)[0]} {self._shown(name, row[name])}" for name in differs]
        chinese = [f"{self._label(name)[1]}{self._shown(name, row[name], chinese=True)}" for name in differs]
        en = f"{'; '.join(english) or 'the first case as it is'}: {self._answer(values)}"
        zh = f"{'；'.join(chinese) or '第一个案例原样'}：{self._answer(values, chinese=True)}"
        if after is not None and later is not None:
            changed = [name for name in row if row[name] != after[name]]
            english = [f"{self._label(name)[0]} {self._shown(name, after[name])}" for name in changed]
            chinese = [f"{self._label(name)[1]}{self._shown(name, after[name], chinese=True)}" for name in changed]
            en += f"; but with {'; '.join(english)}: {self._answer(later)}"
            zh += f"；而{'；'.join(chinese)}时：{self._answer(later, chinese=True)}"
        return Witness(values=values, after=later, en=en, zh=zh)

    def place(self, stuck: Mapping[str, Span] | None) -> str:
        """Return where a search got stuck: the inputs that it had narrowed."""
        narrowed = {name: span for name, span in (stuck or {}).items() if span != self.machine.whole[name]}
        shown = [f"{self._label(name)[0]} in {_span(span)}" for name, span in narrowed.items()]
        return f"the allowance ended where {', '.join(shown)}" if shown else "the allowance ended before anything was narrowed"

    def _values(self, row: Row) -> dict[str, Value]:
        return {self.program.inputs[name].name: value for name, value in row.items()}

    def _field(self, name: str) -> Field:
        return self.program.inputs[name]

    def _label(self, name: str) -> tuple[str, str]:
        own = self._field(name).name
        given = self.policy.inputs.get(own)
        source = next((one for one in self.policy.sources if one.status == own), None)
        if given is not None:
            return given.en, given.zh
        return (own, own) if source is None else (f"{source.en}:", f"{source.zh}：")

    def _shown(self, name: str, value: Value, *, chinese: bool = False) -> str:
        unit = self._field(name).unit
        said = (show_zh if chinese else show)(value, unit)
        return f"{said} ({value} {unit})" if unit in _ROUNDED and value is not None else said

    def _answer(self, values: Mapping[str, Value], *, chinese: bool = False) -> str:
        program = self.program
        known = interpret(program, values)
        outcome = str(known[program.outcome])
        if outcome != "approve":
            asking = (one for one in program.findings if one.outcome != "approve" and one.holds(known[one.step]))
            codes = ", ".join(one.code for one in asking)
            return f"{_OUTCOMES[outcome]}（{codes}）" if chinese else f"{outcome} ({codes})"
        said = show_zh if chinese else show
        amount, months = said(known[program.ceiling_fen], "fen"), said(known[program.months], "months")
        rate = f"{int(str(known[program.floor_rate_ppm])) / 10_000:.4f} %"  # to the ppm: by one of them a claim may be refuted
        return (
            f"通过，额度{amount}，期限{months}，最低年利率{rate}"
            if chinese
            else f"approve, {amount} for {months} at {rate} a year"
        )


_OUTCOMES = {"approve": "通过", "refer": "转人工", "decline": "拒绝", "None": "无结果"}


def _span(span: Span) -> str:
    if isinstance(span, frozenset):
        return "/".join(sorted(str(word) for word in span))
    if isinstance(span, tuple):
        return "NULL" if span[0] > span[1] else f"{span[0]}..{span[1]}{' or NULL' if span[2] else ''}"
    return str(span)
