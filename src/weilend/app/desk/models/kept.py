"""In: a home, a version. Out: the model that it names, whatever recipe made it. Used: wherever a model is asked by its version."""

from __future__ import annotations

from typing import Final, Literal, get_args

from weilend.app.desk.home import Home
from weilend.core.errors import CheckError
from weilend.models import RowModel, read_model

#: Models of products and of flat tables are kept apart: a table that somebody calls as a product's model must not decide.
Kind = Literal["model", "flat_model"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def read_version(home: Home, kind: Kind, version: str) -> RowModel:
    """Return the model of a version; raises `NotFoundError`, and `CheckError` where it is not what its id says."""
    model = read_model(home.store.document(kind, version).content)
    if model.model_id != version:
        raise CheckError(f"model {version} is not what its id says: it is {model.model_id}", hint="verify the audit chain")
    return model
