"""In: steps. Out: the text of a Python module that needs nothing but Python. Used: to serve a model elsewhere, and to read it."""

from __future__ import annotations

from weilend.formula.python import write_block
from weilend.models.export.formula import describe_inputs
from weilend.models.export.steps import Exported

_HEAD = '''"""Model {model_id}: points and PD (ppm) of a row.

Numbers are whole numbers in quanta, categories are their words, NULL is None. It reads:
{inputs}
"""

from bisect import bisect_left as _bisect

{constants}
def predict(row):
    """Return points (higher is safer) and PD in parts per million."""
'''


def write_python(exported: Exported) -> str:
    """Return a module with ``predict(row)``, which takes a mapping of features to values.

    >>> from weilend.models.export.steps import export_card
    >>> from weilend.models.recipes.woe_card import example_card
    >>> module = {}
    >>> exec(write_python(export_card(example_card())), module)
    >>> module["predict"]({"sales_fen_12m": None, "void_rate_12m": 0}) == (
    ...     module["predict"]({"sales_fen_12m": None, "void_rate_12m": 1}))
    True
    """
    block = write_block([each.name for each in exported.inputs], [(name, formula.root) for name, formula in exported.steps])
    own = {name: value for name, value in block.constants.items() if name not in ("_add_days", "_bisect")}
    constants = "".join(f"{name} = {value!r}\n" for name, value in own.items()) + "\n"
    loads = [f"{block.locals[each.name]} = row[{each.feature!r}]" for each in exported.inputs]
    last = f"return {block.locals['points']}, {block.locals['pd_ppm']}"
    inputs = "\n".join(describe_inputs(exported, "")).replace("\\", "\\\\").replace('"', "'")
    head = _HEAD.format(model_id=exported.model_id, constants=constants, inputs=inputs)
    return head + "".join(f"    {line}\n" for line in (*loads, *block.lines, last))
