"""In: the text of a formula and the fields that it may read. Out: `Formula`. Used: for every rule, filter, limit and price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.ids import content_hash
from weilend.core.records import Field, FieldType
from weilend.formula import grammar, numpy, python, sql
from weilend.formula.text import write
from weilend.formula.tree import Node, Value
from weilend.formula.types import check

#: Version of the language: part of every identity, and raised when the meaning of a word changes.
LANGUAGE = 1


class Formula(msgspec.Struct, frozen=True):
    """A formula that is typed and proved: `text` is its canonical text, `root` its tree.

    >>> f = parse("net_fen > 0", {"net_fen": Field("net_fen", "integer", lo=-9, hi=9)})
    >>> f.type, f.nullable, sorted(f.names)
    ('boolean', True, ['net_fen'])
    """

    text: str
    root: Node

    @property
    def type(self) -> FieldType:
        """The type of the value."""
        return self.root.type

    @property
    def lo(self) -> int | None:
        """The least integer that it can give, where that is known."""
        return self.root.lo

    @property
    def hi(self) -> int | None:
        """The greatest integer that it can give, where that is known."""
        return self.root.hi

    @property
    def nullable(self) -> bool:
        """Whether it can be NULL."""
        return self.root.nullable

    @property
    def names(self) -> frozenset[str]:
        """The fields that it reads."""
        return self.root.names

    @property
    def identity(self) -> str:
        """Content hash of what it computes: language, canonical text, types of the fields read."""
        types = {str(node.value): node.type for node in self.root.walk() if node.op == "field"}
        return content_hash({"language": LANGUAGE, "text": self.text, "types": types})

    @property
    def python_source(self) -> str:
        """The plain Python that `python` compiles, to read."""
        return python.source(self.root)

    def python(self) -> Callable[[Mapping[str, Any]], Value]:
        """Return the formula as a function of one row.

        >>> parse("div(n, 2)", {"n": Field("n", "integer", lo=-9, hi=9)}).python()({"n": -7})
        -3
        """
        return _compiled(self.root)

    def numpy(self) -> Callable[[Mapping[str, npt.NDArray[Any]]], tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]:
        """Return the formula as a function of columns: values, and where they are valid (not NULL).

        >>> f = parse("n + 1", {"n": Field("n", "integer", lo=0, hi=9)}).numpy()
        >>> f({"n": np.ma.array([1, 2], mask=[False, True])})
        (array([2, 0]), array([ True, False]))
        """
        return numpy.columns(self.root)

    def numpy_mask(self) -> Callable[[Mapping[str, npt.NDArray[Any]]], npt.NDArray[np.bool_]]:
        """Return a boolean formula as a mask of columns: where it is true (NULL is not true).

        >>> parse("n > 1", {"n": Field("n", "integer")}).numpy_mask()({"n": np.array([1, 2])})
        array([False,  True])
        """
        return numpy.mask(self.root)

    def duckdb(self) -> str:
        """Return the formula as DuckDB SQL over columns of the same names.

        >>> parse("n > 1", {"n": Field("n", "integer")}).duckdb()
        '("n" > 1)'
        """
        return self.sql("duckdb")

    def sql(self, dialect: str) -> str:
        """Return the formula as SQL of a dialect; raises `NotFoundError` for a dialect that is not there.

        >>> parse("1 + 1", {}).sql("duckdb")
        '(1::BIGINT + 1::BIGINT)'
        """
        return sql.write(self.root, sql.DIALECTS[dialect])


def parse(text: str, fields: Mapping[str, Field]) -> Formula:
    """Return the formula that a text says over the fields; raises `FormulaError` with the place and a hint.

    >>> parse("1+a  ", {"a": Field("a", "integer", lo=0, hi=9)}).text
    '1 + a'
    >>> print_error = lambda text: parse(text, {"a": Field("a", "integer")})
    >>> print_error("b > 1")
    Traceback (most recent call last):
    weilend.core.errors.FormulaError: no field 'b'
    """
    root = check(grammar.read(text), text, fields)
    return Formula(write(root), root)


@lru_cache(maxsize=4096)
def _compiled(root: Node) -> Callable[[Mapping[str, Any]], Value]:
    return python.compiled(root)
