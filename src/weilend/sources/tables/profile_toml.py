"""In: a TOML text that describes a format. Out: a `Profile`. Used: for every built-in profile, and for columns one maps oneself.

A file describes one table, or several as `[[table]]`. Beside the fields of `Profile` and `Layout` it may say: `like` (a template
whose fields it takes over), `sign` (the step of its sign rule), `constants` (of every record), and a column `convert = "moment"`,
which is a day and a time in one cell. Words are written as tables: `words = { "收入" = "in" }`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from weilend.core.errors import SchemaError
from weilend.sources.profile import Layout, Profile
from weilend.sources.tables.admission import check_profile

_PROFILE: Final = frozenset(Profile.__struct_fields__) - {"layouts"}
_PAIRS: Final = ("words", "spell")
_NOT_LAYOUT: Final = ("like", "sign", "constants")


def profile_from_toml(text: str) -> Profile:
    """Return the profile that a TOML text describes, checked; `register` makes it known.

    Raises `SchemaError` for a text that is no TOML, names what does not exist, or leaves a record without a value it needs.

    >>> mine = profile_from_toml('''
    ... name = "my_bank"
    ... en = "My bank"
    ... zh = "我的银行"
    ... like = "bank"
    ... sign = "signed"
    ... columns = [
    ...   { raw = "日期", convert = "moment" },
    ...   { raw = "金额", fact = "signed_fen", convert = "yuan" },
    ...   { raw = "余额", fact = "balance_fen", convert = "yuan", blank = true },
    ...   { raw = "对方", fact = "party", blank = true },
    ... ]
    ... ''')
    >>> mine.layouts[0].emits[0].kind, mine.secrets
    ('bank_entry', True)
    >>> profile_from_toml('name = "x"')
    Traceback (most recent call last):
    weilend.core.errors.SchemaError: the profile 'x' is malformed: Object missing required field `columns`... Hint: ...
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"the profile is no TOML: {error}", hint="check quotes and brackets at that line") from None
    name = data.get("name", "without a name")
    try:
        profile = _profile(data)
    except (msgspec.ValidationError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise SchemaError(
            f"the profile {name!r} is malformed: {error}", hint="docs/howto/add-a-source.md says what may stand where"
        ) from None
    check_profile(profile)
    return profile


def template_names() -> tuple[str, ...]:
    """Return the names that `like` may say.

    >>> "bank" in template_names()
    True
    """
    return tuple(_templates())


@cache
def _templates() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("weilend.sources.tables").joinpath("templates.toml").read_text(encoding="utf-8"))


def _profile(data: dict[str, Any]) -> Profile:
    own = {key: value for key, value in data.items() if key in _PROFILE}
    rest = {key: value for key, value in data.items() if key not in _PROFILE and key != "table"}
    tables = [{**rest, **table} for table in data.get("table", [{}])]
    layouts = tuple(_layout(table, data["name"]) for table in tables)
    secret = any("hide" in step for layout in layouts for step in layout.steps)
    frame = msgspec.convert({"secrets": secret, **own, "layouts": []}, Profile)
    return msgspec.structs.replace(frame, layouts=layouts)


def _layout(table: dict[str, Any], name: str) -> Layout:
    merged = {"name": name, **_template(table.get("like", "")), **table}
    merged["steps"] = [merged.get("sign", step) if step == "sign" else step for step in merged.get("steps", [])]
    constants = merged.get("constants", {})
    merged["emits"] = [{**emit, "constants": {**constants, **emit.get("constants", {})}} for emit in merged.get("emits", [])]
    forms = dict(merged.get("forms", {}))
    if "columns" in merged:
        merged["columns"] = [plain for column in merged["columns"] for plain in _columns(column, forms)]
    merged["forms"] = forms
    return msgspec.convert({key: value for key, value in merged.items() if key not in _NOT_LAYOUT}, Layout)


def _template(like: str) -> dict[str, Any]:
    """Return what a template says, on top of what the template says that it is like."""
    if not like:
        return {}
    if like not in _templates():
        raise ValueError(f"there is no template {like!r}; there is {', '.join(_templates())}")
    own = _templates()[like]
    return {**_template(own.get("like", "")), **own}


def _columns(column: dict[str, Any], forms: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a column as the engine knows it: tables of words as pairs, a moment as day and time."""
    plain: dict[str, Any] = {
        key: list(value.items()) if key in _PAIRS and isinstance(value, dict) else value for key, value in column.items()
    }
    if plain.get("convert") != "moment":
        return [plain]
    prefix = f"{plain.pop('fact')}_" if "fact" in plain else ""
    forms.setdefault(plain["raw"], [f"{{{prefix}day}} {{{prefix}time}}", f"{{{prefix}day}}"])
    day = {**plain, "fact": f"{prefix}day", "convert": "moment_day"}
    return [day, {**plain, "fact": f"{prefix}time", "convert": "moment_time", "blank": True}]
