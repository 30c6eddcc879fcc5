"""In: invoices of any version, and looks. Out: the 56 invoice features, written by hand for pandas. Used: by `windows`.

Same meaning and same answers as `windows_polars`; monthly series become matrices (rows, 36 months), as one does in pandas.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.windows_polars import DAY, LONG, ONE, SEEN_DAYS, Floats

Matrix = npt.NDArray[np.int64]


def by_pandas(frame: pd.DataFrame, looks: dict[str, Any]) -> dict[str, Floats]:
    """Return the features by pandas, from a frame with texts as categories and days as timestamps."""
    size = len(looks["row"])
    spine = pd.DataFrame({name: looks[name] for name in ("row", "business_id", "as_of", "month")})
    spine["business_id"] = spine["business_id"].astype(frame["business_id"].dtype)
    rows = frame.merge(spine, on="business_id")
    rows = rows[
        (rows["known_at"] <= rows["as_of"]) & (rows["known_until"] > rows["as_of"]) & (rows["happened_at"] <= rows["as_of"])
    ]
    on = rows["happened_on"].dt
    made = pd.DataFrame(
        {
            "row": rows["row"],
            "age": (rows["month"] - 1 - (12 * on.year + on.month - 1)).astype(np.int16),
            "day": rows["happened_on"].to_numpy().astype("datetime64[D]").astype(np.int32),
            "net": rows["net_fen"],
            "tax": rows["tax_fen"],
            "party": rows["counterparty_id"].cat.codes,
            "sale": rows["direction"] == "sale",
            "valid": rows["status"] == "valid",
        }
    )
    made["gross"] = made["valid"] & (made["net"] > 0)
    recent = (rows["as_of"] - rows["happened_at"]) // DAY < SEEN_DAYS
    oldest = made[recent].groupby("row")["day"].min().reindex(range(size)).to_numpy(float)
    inside = made[(made["age"] >= 0) & (made["age"] < LONG)]
    return {"oldest_day": oldest, **_months(inside, size), **_days(inside, looks), **_parties(inside, size)}


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan) * ONE


def _months(inside: pd.DataFrame, size: int) -> dict[str, Floats]:
    masks = {"net": inside["valid"], "gross": inside["gross"], "red": inside["valid"] & (inside["net"] < 0)}
    parts: dict[str, pd.Series[Any]] = {}
    for side, there in (("sales", inside["sale"]), ("purchase", ~inside["sale"])):
        parts |= {f"{side}_{name}": inside["net"].where(mask & there, 0) for name, mask in masks.items()}
        parts |= {f"{side}_n": inside["gross"] & there, f"{side}_void": ~inside["valid"] & there, f"{side}_any": there}
    parts["sales_tax"] = inside["tax"].where(inside["gross"] & inside["sale"], 0)
    months = pd.DataFrame(parts).astype(np.int64).groupby([inside["row"], inside["age"]], sort=False).sum()
    place = months.index.get_level_values(0).to_numpy(), months.index.get_level_values(1).to_numpy()
    spread: dict[str, Matrix] = {}
    for name in months:
        spread[str(name)] = np.zeros((size, LONG), dtype=np.int64)
        spread[str(name)][place] = months[name].to_numpy()
    return _series(spread)


def _series(month: dict[str, Matrix]) -> dict[str, Floats]:
    def total(name: str, window: int) -> Matrix:
        return month[name][:, :window].sum(axis=1)

    def change(name: str, window: int) -> Floats:
        part = np.maximum(month[name][:, :window], 0)
        later, earlier = part[:, : window // 2].sum(axis=1), part[:, window // 2 :].sum(axis=1)
        return _ratio(later - earlier, later + earlier)

    def slope(window: int) -> Floats:
        weight = (window - 1 - 2 * np.arange(window)).astype(float)
        moment = (month["sales_net"][:, :window] * weight).sum(axis=1)
        return _ratio(moment / 2.0 / (window * (window * window - 1) / 12.0), total("sales_net", window) / window)

    def cv(name: str, window: int) -> Floats:
        return _ratio(month[name][:, :window].std(axis=1), total(name, window) / window)

    sold = month["sales_n"] > 0
    plus = np.maximum(month["sales_net"], 0)
    year = plus[:, :12].sum(axis=1)
    run, longest = np.zeros(len(sold), dtype=np.int64), np.zeros(len(sold), dtype=np.int64)
    for age in range(LONG):
        run = np.where(sold[:, age], 0, run + 1)
        longest = np.maximum(longest, run)
    first = np.where(sold.any(axis=1), LONG - np.argmax(sold[:, ::-1], axis=1), 0)
    done = {f"sales_fen_{window}m": total("sales_net", window) for window in (12, 6, 3, 36)}
    done |= {f"sales_count_{window}m": total("sales_n", window) for window in (12, 6, 3)}
    done |= {f"sales_months_active_{window}m": sold[:, :window].sum(axis=1) for window in (3, 6, 12, 36)}
    done |= {f"sales_change_{window}m": change("sales_net", window) for window in (12, 24)}
    done |= {f"sales_slope_{window}m": slope(window) for window in (12, 24)}
    done |= {f"sales_cv_{window}m": cv("sales_net", window) for window in (12, 24)}
    done |= {f"sales_void_rate_{m}m": _ratio(total("sales_void", m), total("sales_any", m)) for m in (12, 36)}
    return {name: np.asarray(value, dtype=float) for name, value in done.items()} | {
        "purchase_fen_12m": total("purchase_net", 12).astype(float),
        "purchase_count_12m": total("purchase_n", 12).astype(float),
        "sales_mean_fen_12m": _ratio(total("sales_gross", 12), total("sales_n", 12)) / ONE,
        "purchase_months_active_12m": (month["purchase_n"][:, :12] > 0).sum(axis=1).astype(float),
        "history_months": first.astype(float),
        "sales_longest_gap_months_36m": longest.astype(float),
        "purchase_change_12m": change("purchase_net", 12),
        "sales_recent_pace_12m": _ratio(plus[:, :3].sum(axis=1) * 4, year),
        "purchase_cv_12m": cv("purchase_net", 12),
        "sales_best_month_share_12m": _ratio(plus[:, :12].max(axis=1), year),
        "sales_worst_month_12m": _ratio(plus[:, :12].min(axis=1) * 12, year),
        "purchase_void_rate_12m": _ratio(total("purchase_void", 12), total("purchase_any", 12)),
        "sales_red_rate_12m": _ratio(np.abs(total("sales_red", 12)), total("sales_gross", 12)),
        "purchase_red_rate_12m": _ratio(np.abs(total("purchase_red", 12)), total("purchase_gross", 12)),
        "purchase_to_sales_12m": _ratio(np.abs(total("purchase_net", 12)), total("sales_net", 12)),
        "sales_tax_burden_12m": _ratio(np.abs(total("sales_tax", 12)), total("sales_gross", 12)),
        "sales_seasonality_24m": _season(month["sales_net"]),
    }


def _season(month: Matrix) -> Floats:
    this, before = month[:, :12].astype(float), month[:, 12:24].astype(float)
    this, before = this - this.mean(axis=1)[:, None], before - before.mean(axis=1)[:, None]
    scale = np.sqrt((this * this).sum(axis=1)) * np.sqrt((before * before).sum(axis=1))
    return _ratio((this * before).sum(axis=1), scale)


def _days(inside: pd.DataFrame, looks: dict[str, Any]) -> dict[str, Floats]:
    days = inside[inside["gross"]].drop_duplicates(["row", "sale", "day"]).sort_values(["row", "sale", "day"])
    first, as_of = looks["first_day"][days["row"]], looks["as_of_day"][days["row"]]
    days = days.assign(left=as_of - days["day"], opened=days["day"] - first)
    year = days[days["age"] < 12]
    since = year.groupby(["row", "sale"])["day"].diff().fillna(year["opened"])
    grouped = (
        year.assign(since=since)
        .groupby(["row", "sale"])
        .agg(active=("day", "size"), gap=("since", "max"), last=("left", "min"))
    )
    found = {
        "active": grouped["active"],
        "gap": grouped[["gap", "last"]].max(axis=1),
        "last": days.groupby(["row", "sale"])["left"].min(),
    }
    names = {"active": "{}_active_days_12m", "last": "days_since_last_{}", "gap": "{}_longest_gap_days_12m"}
    return {
        text.format(side if name != "last" else side.removesuffix("s")): _pick(found[name], sale=sale, size=len(looks["row"]))
        for name, text in names.items()
        for side, sale in (("sales", True), ("purchase", False))
    }


def _parties(inside: pd.DataFrame, size: int) -> dict[str, Floats]:
    named = inside[inside["gross"] & (inside["party"] >= 0)]
    months = named.groupby(["row", "sale", "party", "age"], sort=False)["net"].sum().reset_index()
    year = months["age"] < 12
    months = months.assign(
        year=months["net"].where(year, 0), now=year, later=months["age"] < 6, earlier=year & (months["age"] >= 6)
    )
    parties = months.groupby(["row", "sale", "party"], sort=False).agg(
        year=("year", "sum"), months=("now", "sum"), later=("later", "max"), earlier=("earlier", "max"), oldest=("age", "max"),
        youngest=("age", "min"),
    ).reset_index()  # fmt: skip
    key = [parties["row"], parties["sale"]]
    now = parties["months"] > 0
    share = (parties["year"] / parties["year"].groupby(key).transform("sum")).where(now)
    order = np.lexsort((-share.fillna(-1), parties["sale"], parties["row"]))
    ranked = parties.iloc[order].assign(share=share.iloc[order])
    top = ranked[ranked.groupby(["row", "sale"]).cumcount() < 5].iloc[::-1].groupby(["row", "sale"])["share"].sum()
    loyal = parties["youngest"] < 12
    count = now.groupby(key).sum()
    fresh = parties["year"].where(parties["oldest"] < 12, 0).groupby(key).sum() / parties["year"].groupby(key).sum()
    found = {
        "parties": count,
        "top": share.groupby(key).max() * ONE,
        "five": top.where(count > 0) * ONE,
        "hhi": (share * share).groupby(key).sum().where(count > 0) * ONE,
        "entropy": -(share * np.log(share)).groupby(key).sum().where(count > 0) * ONE,
        "overlap": (parties["later"] & parties["earlier"]).groupby(key).sum() / count.where(count > 0) * ONE,
        "again": (parties["months"] >= 2).groupby(key).sum() / count.where(count > 0) * ONE,
        "tenure": (parties["oldest"] + 1).where(loyal).groupby(key).mean(),
        "fresh": fresh * ONE,
    }
    names = {
        "customers_12m": ("parties", True), "suppliers_12m": ("parties", False), "top_customer_share_12m": ("top", True),
        "top_supplier_share_12m": ("top", False), "top_five_customers_share_12m": ("five", True),
        "customer_hhi_12m": ("hhi", True), "supplier_hhi_12m": ("hhi", False), "customer_entropy_12m": ("entropy", True),
        "customer_overlap_12m": ("overlap", True), "supplier_overlap_12m": ("overlap", False),
        "customer_repeat_rate_12m": ("again", True), "customer_tenure_36m": ("tenure", True),
        "supplier_tenure_36m": ("tenure", False), "new_customer_share_36m": ("fresh", True),
    }  # fmt: skip
    return {name: _pick(found[of], sale=sale, size=size) for name, (of, sale) in names.items()}


def _pick(found: pd.Series[Any], *, sale: bool, size: int) -> Floats:
    """Return the values of one side, a value for each row of the spine."""
    return found.xs(sale, level=1).reindex(range(size)).to_numpy(float)
