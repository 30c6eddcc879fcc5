"""In: a table that no source knows, and somebody who answers. Out: its profile in TOML. Used: by `weilend source new`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from weilend.core.errors import NotFoundError
from weilend.sources import template_names
from weilend.sources.drafts import DAY_WAYS, Described, Table, fill_profile, look_at, wallets
from weilend.sources.questions import guess, guess_sign, questions_of, signs_of

#: The answer that no column is it.
NONE: Final = "-"


class Ask(Protocol):
    """Somebody who answers: one of `choices` where there are any, else any text; `guess` is what is offered, "" for none."""

    def __call__(self, what: str, guess: str, choices: Sequence[str]) -> str:
        """Return the answer."""
        ...


def look_at_table(file: Path) -> Table:
    """Return the table in a file; raises `NotFoundError` where there is no file, `SourceError` where it holds no table."""
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}", hint="check the path")
    return look_at(file)


def describe_table(table: Table, like: str, ask: Ask) -> str:
    """Ask what each column of a table is, and return the profile in TOML that the answers make.

    >>> table = Table(("日期", "金额"), (("2024-01-05", "5.00"),))
    >>> print(describe_table(table, "bank", lambda what, guess, choices: guess or "mine").partition("columns")[2])
     = [
      { raw = "日期", fact = "day", convert = "day" },
      { raw = "金额", fact = "signed_fen", convert = "yuan" },
    ]
    """
    kinds = template_names()
    like = ask(f"What is it like ({', '.join(kinds)})", like, kinds)
    name = ask("A name for it, such as my_bank", "my_format", ())
    en, zh = (ask(f"What it is, in {language}", name, ()) for language in ("English", "Chinese"))
    signs = signs_of(like)
    sign = ask(f"How amounts are signed ({', '.join(signs)})", guess_sign(table.names), signs) if signs else ""
    bill = "status" in {question.fact for question in questions_of(like, sign)}
    wallet = ask(f"Whose bill it is ({', '.join(wallets())})", "other", wallets()) if bill else ""
    columns = _ask_columns(table, like, sign, ask)
    ways = () if table.begins_with_year(columns["day"]) else DAY_WAYS
    days = ask(f"How its days are written ({', '.join(ways)})", ways[0], ways) if ways else ""
    said = Described(name=name, en=en, zh=zh, like=like, sign=sign, columns=columns, days=days, wallet=wallet)
    return fill_profile(table, said)


def _ask_columns(table: Table, like: str, sign: str, ask: Ask) -> dict[str, str]:
    """Return the column of each fact that has one: a column is one fact, and a day that says its time leaves none to ask for."""
    columns: dict[str, str] = {}
    for question in questions_of(like, sign):
        if question.fact == "time" and table.is_timed(columns["day"]):
            continue
        taken = list(columns.values())
        free = [name for name in table.names if name not in taken]
        if not free and not question.needed:
            break
        offered = guess(table.names, question, taken) or ("" if question.needed else NONE)
        answer = ask(f"Column of {question.asked}", offered, table.names if question.needed else (*table.names, NONE))
        if answer != NONE:
            columns[question.fact] = answer
    return columns
