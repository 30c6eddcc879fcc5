"""In: a world's book and truth. Out: `Study`: its applications in the order of time, cut in two, and what the truth says of each.
Used: by the study of fraud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.values import Application
from weilend.economy.audit.alerts import Judged
from weilend.economy.firms import Bools, Ints
from weilend.economy.fraud import PATTERNS
from weilend.economy.truth import STACKING
from weilend.engine import BookView

#: The offer by which losses are counted.
STANDARD: Final = "limit_100_rate_15"
#: So many firms make a ring of a case.
RING_FIRMS: Final = 3
#: Patterns that stand for what nobody has thought of: nothing is ever tuned on them.
WITHHELD: Final = tuple(name for name in PATTERNS if PATTERNS[name].withheld)
#: Days in which a courier's visit is looked for.
_CALLED: Final = 30
_DAY: Final = 86_400


class Course(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Applications in the order of time: which are learned from (`early`, known by `cut_at`, UTC seconds) and which are gone
    through (`later`). Contenders see this and a home, never the truth.
    """

    applications: tuple[Application, ...]
    cut_at: int
    early: Bools

    @property
    def later(self) -> Bools:
        """Which are gone through."""
        return ~self.early

    @property
    def as_of(self) -> Ints:
        """When each was sent, UTC seconds."""
        return np.array([one.as_of for one in self.applications], np.int64)


class Study(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Applications, the truth of each, and whether a withheld pattern is behind it."""

    course: Course
    judged: Judged
    withheld: Bools


def read_study(view: BookView, applications: Sequence[Application], truth: Mapping[str, pa.Table], cut_month: int) -> Study:
    """Return the study of a book's applications, cut at a month (counted from the first that is told)."""
    ordered = tuple(sorted(applications, key=lambda one: (one.as_of, one.application_id)))
    ids = pa.array([one.application_id for one in ordered])
    asks = truth["applications"].take(pc.index_in(ids, value_set=truth["applications"]["application_id"].combine_chunks()))
    early = asks["month"].to_numpy() < cut_month
    judged = _judge(view, ordered, asks, truth)
    cut_at = 1 + max((one.as_of for one, told in zip(ordered, early, strict=True) if told), default=0)
    return Study(
        course=Course(applications=ordered, cut_at=cut_at, early=early),
        judged=judged,
        withheld=np.isin(judged.pattern, [list(PATTERNS).index(name) for name in WITHHELD]),
    )


def _judge(view: BookView, applications: Sequence[Application], asks: pa.Table, truth: Mapping[str, pa.Table]) -> Judged:
    pattern = pc.fill_null(pc.index_in(asks["pattern"], value_set=pa.array(list(PATTERNS))), -1).to_numpy()
    is_fraud = (pattern >= 0) & (pattern != list(PATTERNS).index(STACKING))
    bad = asks[f"bad_{STANDARD}"].to_numpy(zero_copy_only=False)
    level, case = _cases(asks["business_id"], truth["frauds"])
    return Judged(
        month=asks["month"].to_numpy(),
        pattern=pattern,
        level=np.where(is_fraud, level, -1),
        case=np.where(is_fraud, case, -1),
        lost_fen=np.where(bad & is_fraud, asks["standard_limit_fen"].to_numpy(), 0),
        is_good=~bad,
        innocent=_innocent(view, applications, asks, truth),
    )


def _cases(business: pa.ChunkedArray, frauds: pa.Table) -> tuple[Ints, Ints]:
    """Return, for each application, the third of its fraud's skill (0 to 2), and its case, -1 where that is no ring."""
    real = frauds.filter(pc.not_equal(frauds["pattern"], STACKING))
    if not real.num_rows:
        return np.full(len(business), -1), np.full(len(business), -1)
    skill = real["skill_ppm"].to_numpy()
    level = np.searchsorted(np.quantile(skill, [1 / 3, 2 / 3]), skill)
    _, case, size = np.unique(
        real["case_id"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True, return_counts=True
    )
    case = np.where(size[case] >= RING_FIRMS, case, -1)
    place = pc.fill_null(pc.index_in(business, value_set=real["business_id"].combine_chunks()), -1).to_numpy()
    return np.where(place >= 0, level[place], -1), np.where(place >= 0, case[place], -1)


def _innocent(
    view: BookView, applications: Sequence[Application], asks: pa.Table, truth: Mapping[str, pa.Table]
) -> dict[str, Bools]:
    """Return which applications are of people who share something for a reason, by sort."""
    firms = truth["firms"]
    place = pc.index_in(asks["business_id"], value_set=firms["business_id"].combine_chunks())
    columns = {"families": "is_family", "tenants of markets": "is_tenant", "landlords' telephones": "names_landlord"}
    found = {name: firms[column].take(place).to_numpy(zero_copy_only=False) for name, column in columns.items()}
    found["helped at a counter"] = asks["at_counter"].to_numpy(zero_copy_only=False)
    found["called on by couriers"] = _called_on(view, applications, truth["users"])
    return found


def _called_on(view: BookView, applications: Sequence[Application], users: pa.Table) -> Bools:
    """Return which applicants were in a Wi-Fi where a courier was, both within a month before the application."""
    couriers = users.filter(users["is_courier"])["owner_id"].combine_chunks()
    seen = view.read("device_sighting", columns=("owner_id", "wifi_id", "happened_at"))
    seen = seen.filter(pc.is_valid(seen["wifi_id"]))
    called = seen.filter(pc.is_in(seen["owner_id"], value_set=couriers))
    calls: dict[str, list[int]] = {}
    for wifi, at in zip(called["wifi_id"].to_pylist(), called["happened_at"].to_pylist(), strict=True):
        calls.setdefault(wifi, []).append(at)
    owners = owners_of(view)
    mine = seen.filter(pc.is_in(seen["wifi_id"], value_set=pa.array(list(calls), pa.string())))
    rooms: dict[str, list[tuple[str, int]]] = {}
    for owner, wifi, at in zip(*(mine[name].to_pylist() for name in ("owner_id", "wifi_id", "happened_at")), strict=True):
        rooms.setdefault(owner, []).append((wifi, at))

    def met(one: Application) -> bool:
        start = one.as_of - _CALLED * _DAY
        wifis = {wifi for wifi, at in rooms.get(owners.get(one.business_id, ""), ()) if start < at <= one.as_of}
        return any(start < at <= one.as_of for wifi in wifis for at in calls[wifi])

    return np.array([met(one) for one in applications], np.bool_)


def owners_of(view: BookView) -> dict[str, str]:
    """Return who owns each business, by the first link that says so."""
    links = view.read("link", columns=("from_id", "to_id", "role", "known_at"))
    links = links.filter(pc.equal(links["role"], "owns")).sort_by("known_at")
    found: dict[str, str] = {}
    for business, owner in zip(links["from_id"].to_pylist(), links["to_id"].to_pylist(), strict=True):
        found.setdefault(business, owner)
    return found
