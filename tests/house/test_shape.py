"""The house keeps its shape: sizes, openings, words, clocks, money, public names. Each check catches a planted fault."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "weilend"
MAX_FUNCTION_LINES, MAX_FILE_LINES = 60, 400
ROOMS = sorted(path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists())
CLOCKS = re.compile(r"\b(time\.time|time_ns|datetime\.now|datetime\.utcnow|date\.today|datetime\.today)\b")
#: The glossary's banned synonyms, as identifiers.
BANNED = re.compile(r"\b\w*(merchant|blacklist|whitelist|black_list|white_list|overdue_flag|loan_request)\w*\b", re.IGNORECASE)
OPENING = re.compile(r"^In: .+\bOut: .+\bUsed: ", re.DOTALL)


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def long_functions(text: str) -> list[str]:
    if text.count("\n") <= MAX_FUNCTION_LINES:
        return []
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES]


def reads_a_clock(text: str) -> bool:
    return bool(CLOCKS.search(text))


def divides_money(text: str) -> list[str]:
    """Return names in fen that are divided or made a float: money is multiplied by `mul_rate` and never a float."""

    def names(node: ast.AST) -> Iterator[str]:
        if isinstance(node, (ast.Name, ast.Attribute)):
            yield node.id if isinstance(node, ast.Name) else node.attr

    found = []
    for node in ast.walk(ast.parse(text)) if "_fen" in text else ():
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            found += [name for side in (node.left, node.right) for name in names(side) if name.endswith("_fen")]
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
            found += [name for argument in node.args for name in names(argument) if name.endswith("_fen")]
    return found


@pytest.mark.parametrize("path", python_files("src", "tests", "bench", "docs"), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES
    assert not long_functions(text)


@pytest.mark.parametrize("path", python_files("src"), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_file_says_what_comes_in_and_goes_out(path):
    opening = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert opening if path.name == "__init__.py" else OPENING.match(opening), "open with: In: … Out: … Used: …"


@pytest.mark.parametrize("path", python_files("src"), ids=lambda path: str(path.relative_to(SOURCE)))
def test_words_clocks_and_money(path):
    text = path.read_text(encoding="utf-8")
    assert not BANNED.findall(text), "the glossary has a better word (docs/tour.md)"
    assert not divides_money(text)
    assert path.name == "clock.py" or not reads_a_clock(text), "time is an argument; only app/clock.py reads the clock"


def test_the_checks_catch_planted_faults():
    assert long_functions("def f():\n" + "    x = 1\n" * 60) == ["f"]
    assert reads_a_clock("from datetime import datetime\nx = datetime.now()")
    assert divides_money("share = amount_fen / 2\ny = float(loan.limit_fen)") == ["amount_fen", "limit_fen"]
    assert BANNED.findall("class MerchantScore: ...")
    assert not OPENING.match("A module about things.")


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_are_documented_with_an_example(room):
    module = importlib.import_module(f"weilend.{room}")
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if isinstance(thing, type | FunctionType):  # registries, tables and aliases are documented where they stand
            words = thing.__doc__ or ""
            methods = (
                " ".join(getattr(thing, method).__doc__ or "" for method in vars(thing)) if isinstance(thing, type) else ""
            )
            assert words.strip(), f"{room}.{name} has no sentence"
            assert ">>>" in words + methods, f"{room}.{name} has no running example"


def test_no_room_is_empty():
    for room in ROOMS:
        assert any(path.name != "__init__.py" for path in (SOURCE / room).rglob("*.py")), f"{room} is empty"


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def test_nothing_names_a_machine_or_a_registry():
    hosts = ("pypi" + ".org", "python" + "hosted", "npm" + "js.org", "debian" + ".org")
    paths = re.compile(r"(?<![\w.])/(work|farm|root)/")
    for path in tracked_files():
        if path.suffix in {".png", ".xls", ".xlsx", ".parquet"}:
            continue
        text = path.read_text(encoding="utf-8")
        assert not any(host in text for host in hosts), path
        assert not paths.search(text), path
