"""No import cycle at all, inside rooms as well as between them; the walls between rooms are import-linter's (make lint)."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest


def refuse_cycles(imports: dict[str, set[str]]) -> None:
    """Raise `CycleError` when modules import each other in a circle."""
    TopologicalSorter(imports).prepare()


def test_no_import_cycle():
    graph = grimp.build_graph("weilend", exclude_type_checking_imports=True, cache_dir=None)
    refuse_cycles({module: graph.find_modules_directly_imported_by(module) for module in graph.modules})


def test_a_planted_cycle_is_found():
    with pytest.raises(CycleError):
        refuse_cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}})
