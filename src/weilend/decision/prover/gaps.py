"""In: what operations may be before and after a change. Out: how far two values can lie apart. Used: by twins.

Ranges alone forget that two values come from the same inputs. Here two computations are walked in lockstep, one *before* and one
*after* one input moves, and each pair of operations says how far the second can lie from the first: a limit
that only falls as the risk rises is seen to fall, however wide the ranges of sales and receipts are (the product programs of
Barthe, D'Argenio and Rezk 2004; differences as in zones, Miné 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from weilend.decision.prover import lockstep
from weilend.decision.prover.graph import Graph
from weilend.decision.prover.linear import sum_of
from weilend.decision.prover.lockstep import Gap, Pair
from weilend.decision.prover.near import made_of, near
from weilend.decision.prover.parts import Part
from weilend.decision.prover.truths import ALL, SAME, Words, compared, folded, mapped, of_masks, of_words
from weilend.decision.prover.values import FALSE, NULL, TRUE, Span, added, kinds

#: A pair of being NULL, before and after: known twice, known then NULL, NULL then known, NULL twice.
VV, VN, NV, NN = 1, 2, 4, 8
#: Lockstep looks at no more pairs of operations than this in one box, and goes no deeper; beyond it, ranges must do.
_MOST = 20_000
_EXTREMES = ("least", "greatest")
#: Steps that compare a whole with a part of something that is not made of it; each multiplies the pairs to look at.
_ASIDE = 2
_FAR = 2**200
_DEEPEST = 120


class Gaps:
    """What is known of pairs (x, y): operation x before the change, operation y after it.

    `moved` is the input that changes by `step`.

    >>> from weilend.core.records import Field
    >>> from weilend.decision.prover.box import Box, Slice
    >>> from weilend.formula import parse
    >>> fields = {"n": Field("n", "integer", 0, 9, nullable=False), "m": Field("m", "integer", 0, 9, nullable=False)}
    >>> graph = Graph(fields, [("a", parse("m - 2 * n", fields))])
    >>> part = Slice(graph, graph.names["a"])
    >>> before, after = (Box.whole(part, {"n": span}).values for span in ((0, 8, False), (1, 9, False)))
    >>> Gaps(graph, before, after, "n").gap(graph.names["a"], graph.names["a"])
    (-2, -2)
    """

    def __init__(self, graph: Graph, before: list[Span], after: list[Span], moved: str, step: int = 1) -> None:
        self.graph = graph
        self.before = before
        self.after = after
        self.moved = moved
        self.step = step
        self.depth = self.aside = 0
        self.impossible = False  # whether what was found excludes itself: then no row is in both boxes
        self._gaps: dict[tuple[int, int], Gap] = {}
        self._truths: dict[tuple[int, int], int] = {}
        self._nulls: dict[tuple[int, int], int] = {}
        self._words: dict[tuple[int, int], Words] = {}

    def __len__(self) -> int:
        """Return how many pairs were looked at."""
        return len(self._gaps) + len(self._truths) + len(self._nulls) + len(self._words)

    def still(self, x: int, y: int) -> bool:
        """Tell whether x and y are one operation that the change does not reach."""
        return x == y and self.moved not in self.graph.reads[x]

    def gap(self, x: int, y: int) -> Gap:
        """Return the least and greatest ``y after - x before`` where both are known."""
        if self.still(x, y):
            return 0, 0
        key = x, y
        if key not in self._gaps:
            self._gaps[key] = self._gap(x, y)
        return self._gaps[key]

    def _gap(self, x: int, y: int) -> Gap:
        a, b = self.before[x], self.after[y]
        if a[0] > a[1] or b[0] > b[1]:
            return 0, 0
        outer = b[0] - a[1], b[1] - a[0]
        if x == y and self.graph.parts[x].op == "input":
            return self.step, self.step
        apart = self.graph.reads[x].isdisjoint(self.graph.reads[y])
        if apart or outer[0] == outer[1] or self.depth > _DEEPEST or len(self._gaps) > _MOST:
            return outer
        self.depth += 1
        found = [outer, *self._inner(x, y)]
        self.depth -= 1
        low, high = max(gap[0] for gap in found), min(gap[1] for gap in found)
        if low <= high:
            return low, high
        self.impossible = self.impossible or not (a[2] or b[2])
        return outer

    def _inner(self, x: int, y: int) -> list[Gap]:
        part, other = self.graph.parts[x], self.graph.parts[y]
        if "case" in (part.op, other.op):
            gaps = [self.gap(self.branch(x, i), self.branch(y, j)) for i, j in self.choices(x, y)]
            return [(min(gap[0] for gap in gaps), max(gap[1] for gap in gaps))] if gaps else []
        found = []
        if _alike(part, other) and part.op in lockstep.RULES:
            pairs = [Pair(self.before[i], self.after[j], self.gap(i, j)) for i, j in zip(part.args, other.args, strict=True)]
            if x == y and part.op == "div" and self.graph.parts[part.args[1]].op != "literal":
                pairs[0] = self._remaining(part.args[0], part.args[1])
            found.append(lockstep.apply(part.op, pairs, part.value))
        return [gap for gap in (*found, *self._one_sided(x, y)) if gap is not None]

    def _remaining(self, dividend: int, divisor: int) -> Pair:
        """Return a dividend without its whole multiples of the divisor: ``div(n + d - 1, d)`` moves as ``(n - 1) / d`` does."""
        whole = sum_of(self.graph.parts, dividend)
        factors = {place: factor for place, factor in whole.terms if place != divisor}
        before, after = (added([values[at] for at in factors], list(factors.values())) for values in (self.before, self.after))
        gaps = [self.gap(at, at) for at in factors]
        moved = added([(low, high, False) for low, high in gaps], list(factors.values()))
        constant = whole.constant
        ends = [(span[0] + constant, span[1] + constant, span[2]) for span in (before, after)]
        return Pair(ends[0], ends[1], moved[:2])

    def _one_sided(self, x: int, y: int) -> list[Gap]:
        """Compare one whole with the parts of the other, where the other is an extreme of its parts or lies near one.

        Where one is made of the other, the way between them is followed; else only a few steps are taken at random.
        """
        graph = self.graph
        towards = y if y in made_of(graph, x) else x if x in made_of(graph, y) else None
        if towards is None and self.aside >= _ASIDE:
            return []
        self.aside += towards is None
        found = self._from(x, y, towards) if towards != x else []
        found += self._to(x, y, towards) if towards != y else []
        self.aside -= towards is None
        return found

    def _from(self, x: int, y: int, towards: int | None) -> list[Gap]:
        part = self.graph.parts[x]
        found = []
        if part.op in _EXTREMES and self.graph.parts[y].op != part.op:
            args = self._on_the_way(part.args, towards)
            gap = lockstep.from_extreme(part.op, [self.gap(arg, y) for arg in args])
            found.append(gap if len(args) == len(part.args) else _half(gap, low=part.op == "least"))
        for arg, (low, high) in near(self.graph, self.before, x) if x != y else ():
            if arg in self._on_the_way((arg,), towards):
                a, b = self.gap(arg, y)
                found.append((a - high, b - low))
        return found

    def _to(self, x: int, y: int, towards: int | None) -> list[Gap]:
        part = self.graph.parts[y]
        found = []
        if part.op in _EXTREMES and self.graph.parts[x].op != part.op:
            args = self._on_the_way(part.args, towards)
            gap = lockstep.to_extreme(part.op, [self.gap(x, arg) for arg in args])
            found.append(gap if len(args) == len(part.args) else _half(gap, low=part.op == "greatest"))
        for arg, (low, high) in near(self.graph, self.after, y) if x != y else ():
            if arg in self._on_the_way((arg,), towards):
                a, b = self.gap(x, arg)
                found.append((a + low, b + high))
        return found

    def _on_the_way(self, args: Sequence[int], towards: int | None) -> list[int]:
        return [arg for arg in args if towards is None or towards in made_of(self.graph, arg)]

    def branch(self, place: int, index: int) -> int:
        """Return the branch of a CASE, its last the one after ELSE; of anything else, itself."""
        part = self.graph.parts[place]
        if part.op != "case":
            return place
        return part.args[-1] if 2 * index + 1 == len(part.args) else part.args[2 * index + 1]

    def choices(self, x: int, y: int) -> list[tuple[int, int]]:
        """Return the pairs of branches, by number, that two operations can take together; 0 where one is no CASE."""
        part, other = self.graph.parts[x], self.graph.parts[y]
        if part.op == other.op == "case" and len(part.args) == len(other.args):
            return self._together(part.args, other.args)
        return list(product(_open(self, self.before, x), _open(self, self.after, y)))

    def _together(self, xs: Sequence[int], ys: Sequence[int]) -> list[tuple[int, int]]:
        subject = _subject(self.graph, xs)
        if xs == ys and subject is not None:
            return sorted({(_taken(self.graph, xs, a), _taken(self.graph, xs, b)) for a, b in self.words(subject, subject)})
        last = len(xs) // 2
        waiting: set[tuple[int | None, int | None]] = {(None, None)}
        for at in range(last):
            holds = _holds(self.truths(xs[2 * at], ys[2 * at]))
            waiting = {
                (at if i is None and before else i, at if j is None and after else j)
                for i, j in waiting
                for before, after in holds
            }
        return sorted({(last if i is None else i, last if j is None else j) for i, j in waiting})

    def truths(self, x: int, y: int) -> int:
        """Return which pairs of truths two booleans can have, as a mask of nine bits (see `truths`)."""
        key = x, y
        if key not in self._truths:
            possible = of_masks(self.before[x], self.after[y])
            self.depth += 1
            said = SAME if self.still(x, y) else ALL if self.depth > _DEEPEST else self._truth(x, y)
            self.depth -= 1
            self._truths[key] = possible & said
            self.impossible = self.impossible or not possible & said
        return self._truths[key]

    def _truth(self, x: int, y: int) -> int:
        part, other = self.graph.parts[x], self.graph.parts[y]
        if "case" in (part.op, other.op):
            mask = 0
            for i, j in self.choices(x, y):
                mask |= self.truths(self.branch(x, i), self.branch(y, j))
            return mask
        if not _alike(part, other):
            return ALL
        pairs = list(zip(part.args, other.args, strict=True))
        if part.op in ("and", "or"):
            return folded(part.op, [self.truths(i, j) for i, j in pairs])
        if part.op in ("not", "holds"):
            return mapped(part.op, self.truths(*pairs[0]))
        if part.op == "is_null":
            return sum(mask for bit, mask in _OF_NULLS.items() if self.nulls(*pairs[0]) & bit)
        return self._comparison(part.op, pairs)

    def _comparison(self, op: str, pairs: list[tuple[int, int]]) -> int:
        type_ = self.graph.parts[pairs[0][0]].type
        if type_ == "text":
            return of_words(op, [self.words(i, j) for i, j in pairs])
        if type_ != "integer" or op not in ("<", "="):
            return ALL
        null = self._strict_nulls(pairs)
        known = [Pair(self.before[i], self.after[j], self.gap(i, j)) for i, j in pairs]
        mask = compared(op, known) if null & VV else 0
        return mask | sum(part for bit, part in _WITH_NULL.items() if null & bit)

    def words(self, x: int, y: int) -> Words:
        """Return which pairs of words two texts can be."""
        key = x, y
        if key not in self._words:
            first, second = self.before[x], self.after[y]
            self._words[key] = frozenset((a, b) for a, b in self._word(x, y) if a in first and b in second)
            self.impossible = self.impossible or not self._words[key]
        return self._words[key]

    def _word(self, x: int, y: int) -> Words:
        if self.still(x, y):
            return frozenset((word, word) for word in self.before[x])
        if "case" in (self.graph.parts[x].op, self.graph.parts[y].op):
            pairs = ((self.branch(x, i), self.branch(y, j)) for i, j in self.choices(x, y))
            return frozenset().union(*(self.words(one, other) for one, other in pairs))
        return frozenset(product(self.before[x], self.after[y]))

    def nulls(self, x: int, y: int) -> int:
        """Return which pairs of being NULL are possible, as a mask of VV, VN, NV, NN."""
        key = x, y
        if key not in self._nulls:
            self._nulls[key] = self._null(x, y)
            self.impossible = self.impossible or not self._nulls[key]
        return self._nulls[key]

    def _null(self, x: int, y: int) -> int:
        possible = _NULL_MASKS[kinds(self.before[x])][kinds(self.after[y])]
        part, other = self.graph.parts[x], self.graph.parts[y]
        if self.still(x, y):
            return possible & (VV | NN)
        if possible in (VV, NN, VN, NV):
            return possible
        if part.type == "boolean":
            return sum(null for null, truths in _NULL_TRUTHS.items() if self.truths(x, y) & truths)
        if "case" in (part.op, other.op) and self.depth <= _DEEPEST:
            self.depth += 1
            mask = 0
            for i, j in self.choices(x, y):
                mask |= self.nulls(self.branch(x, i), self.branch(y, j))
            self.depth -= 1
            return possible & mask
        if part.op in lockstep.RULES and _alike(part, other):
            strict = self._strict_nulls(list(zip(part.args, other.args, strict=True)))
            return possible & (strict | self._by_zero(part, other))
        return possible

    def _by_zero(self, part: Part, other: Part) -> int:
        """Return which pairs of being NULL a divisor of zero can make."""
        if part.op not in ("div", "mod"):
            return 0
        divisor, later = self.before[part.args[1]], self.after[other.args[1]]
        if not (divisor[0] <= 0 <= divisor[1] or later[0] <= 0 <= later[1]):
            return 0
        return NN if self.still(part.args[1], other.args[1]) else VN | NV | NN

    def _strict_nulls(self, pairs: list[tuple[int, int]]) -> int:
        found = VV
        for i, j in pairs:
            found = _NULLED[found, self.nulls(i, j)]
        return found


def _half(gap: Gap, *, low: bool) -> Gap:
    """Keep the end of a gap that holds although only some parts of an extreme were compared."""
    return (gap[0], _FAR) if low else (-_FAR, gap[1])


def _subject(graph: Graph, args: Sequence[int]) -> int | None:
    """Return the text that all conditions of a CASE compare with a literal, if there is one."""
    conditions = [graph.parts[arg] for arg in args[:-1:2]]
    subjects = {condition.args[0] for condition in conditions if condition.op == "="}
    plain = all(condition.op == "=" and graph.parts[condition.args[1]].op == "literal" for condition in conditions)
    (subject,) = subjects if len(subjects) == 1 else (None,)
    return subject if subject is not None and plain and graph.parts[subject].type == "text" else None


def _taken(graph: Graph, args: Sequence[int], word: str | None) -> int:
    """Return the number of the branch of a CASE over one text that a word takes."""
    lines = [graph.parts[graph.parts[condition].args[1]].value for condition in args[:-1:2]]
    return lines.index(word) if word in lines and word is not None else len(lines)


def _alike(part: Part, other: Part) -> bool:
    return part.op == other.op and part.value == other.value and len(part.args) == len(other.args)


def _open(gaps: Gaps, values: list[Span], at: int) -> list[int]:
    """Return the numbers of the branches that a CASE can take; 0 for anything else."""
    part = gaps.graph.parts[at]
    if part.op != "case":
        return [0]
    found = []
    for index, condition in enumerate(part.args[:-1:2]):
        if values[condition] & TRUE:
            found.append(index)
        if values[condition] == TRUE:
            return found
    return [*found, len(part.args) // 2]


def _holds(truths: int) -> set[tuple[bool, bool]]:
    """Return whether a condition can hold before and after, from the pairs of truths that it can have."""
    return {holds for bit, holds in _HOLDS.items() if truths & bit}


_NULL_BIT = {(False, False): VV, (False, True): VN, (True, False): NV, (True, True): NN}


def _null_masks() -> list[list[int]]:
    """Return the pairs of being NULL for what may be before and after: 1 for known, 2 for NULL, 3 for either."""
    ways = [[], [False], [True], [False, True]]
    return [[sum(_NULL_BIT[a, b] for a in before for b in after) for after in ways] for before in ways]


def _or_nulls(a: int, b: int) -> int:
    mask = 0
    for (x, bit), (y, other) in product(_NULL_BIT.items(), _NULL_BIT.items()):
        if a & bit and b & other:
            mask |= _NULL_BIT[x[0] or y[0], x[1] or y[1]]
    return mask


_NULL_MASKS = _null_masks()
_NULLED = {(a, b): _or_nulls(a, b) for a in range(16) for b in range(16)}
_TRUTH = (FALSE, TRUE, NULL)
_HOLDS = {of_masks(a, b): (a == TRUE, b == TRUE) for a in _TRUTH for b in _TRUTH}
_KNOWN = TRUE | FALSE
#: The pairs of truths behind each pair of being NULL.
_NULL_TRUTHS = {VV: of_masks(_KNOWN, _KNOWN), VN: of_masks(_KNOWN, NULL), NV: of_masks(NULL, _KNOWN), NN: of_masks(NULL, NULL)}
#: What `x IS NULL` says, and what a comparison can say, for each pair of being NULL.
_OF_NULLS = {
    VV: of_masks(FALSE, FALSE), VN: of_masks(FALSE, TRUE), NV: of_masks(TRUE, FALSE), NN: of_masks(TRUE, TRUE)
}  # fmt: skip
_WITH_NULL = {null: truths for null, truths in _NULL_TRUTHS.items() if null != VV}
