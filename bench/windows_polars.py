"""In: invoices of any version, and looks. Out: the 56 invoice features, written by hand for polars. Used: by `windows`.

The same meaning as ours: each row of the spine sees what had happened and was in force at its own instant, months are those of the
calendar. Returned are floats per row by name, NaN where there is no answer, and `oldest_day`, since when anything is known;
what a row without any record has, rounding, and what history carries, are settled outside, alike for all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weilend.core.calendars import Calendar, first_of_month
from weilend.core.plan import Spine

COLUMNS = ("business_id", "counterparty_id", "direction", "status", "net_fen", "tax_fen", "happened_at", "happened_on", "known_at",
           "known_until")  # fmt: skip
ONE, SEEN_DAYS, LONG, DAY = 1_000_000.0, 1_200, 36, 86_400
ENGINE: Any = "streaming"  # measured: two thirds of the time of the engine in memory
Floats = npt.NDArray[np.float64]


def looks_of(spine: Spine, calendar: Calendar) -> dict[str, Any]:
    """Return the spine as columns: row, business_id, as_of, month, its day, the first day of a window of twelve months."""
    days = {at: calendar.day_of(at) for at in set(spine.as_of)}
    months = {at: 12 * day.year + day.month - 1 for at, day in days.items()}
    number = {at: (day - first_of_month(12 * 1970)).days for at, day in days.items()}
    first = {at: (first_of_month(month - 12) - first_of_month(12 * 1970)).days for at, month in months.items()}
    columns: dict[str, Any] = {"row": np.arange(spine.size, dtype=np.int32), "business_id": list(spine.subjects),
                               "as_of": np.array(spine.as_of)}  # fmt: skip
    known = {"month": (months, np.int16), "as_of_day": (number, np.int32), "first_day": (first, np.int32)}
    return columns | {name: np.array([of[at] for at in spine.as_of], dtype=kind) for name, (of, kind) in known.items()}


def by_polars(frame: pl.LazyFrame, looks: dict[str, Any]) -> dict[str, Floats]:
    """Return the features by polars."""
    spine = pl.DataFrame(looks)
    happened, on, net = pl.col("happened_at"), pl.col("happened_on"), pl.col("net_fen")
    month = (12 * on.dt.year().cast(pl.Int16) + on.dt.month().cast(pl.Int16) - 1).cast(pl.Int16)
    valid, sale = pl.col("status") == "valid", pl.col("direction") == "sale"
    rows = (
        frame.select(COLUMNS)
        .join(spine.lazy().select("row", "business_id", "as_of", "month"), on="business_id")
        .filter(pl.col("known_at") <= pl.col("as_of"), pl.col("known_until") > pl.col("as_of"), happened <= pl.col("as_of"))
        .select(
            "row",
            (pl.col("month") - 1 - month).alias("age"),
            on.cast(pl.Int32).alias("day"),
            ((pl.col("as_of") - happened) // DAY).alias("days"),
            net,
            pl.col("tax_fen").alias("tax"),
            pl.col("counterparty_id").alias("party"),
            sale.alias("sale"),
            valid.alias("valid"),
            (valid & (net > 0)).alias("gross"),
        )
        .collect()
    )
    seen = rows.lazy().filter(pl.col("days") < SEEN_DAYS).group_by("row").agg(pl.col("day").min().alias("oldest_day"))
    inside = rows.lazy().filter((pl.col("age") >= 0) & (pl.col("age") < LONG)).drop("days")
    parts = pl.collect_all([seen, _polars_months(inside), _polars_days(inside, spine), _polars_parties(inside)], engine=ENGINE)
    whole = spine.select("row")
    for part in parts:
        whole = whole.join(part, on="row", how="left", maintain_order="left")
    return {name: whole[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in whole.columns if name != "row"}


def _polars_months(inside: pl.LazyFrame) -> pl.LazyFrame:
    """Return what months tell: masked sums per month first, then sums over months."""
    months = inside.group_by("row", "age").agg(**_base())
    done = months.group_by("row").agg(**_amounts(), **_spans(), **_series(), **_rates())
    return done.join(_polars_seasons(months), on="row", how="left")


def _base() -> dict[str, pl.Expr]:
    """Return the masked sums of a month, by name."""
    net, sale, valid, gross = (pl.col(name) for name in ("net_fen", "sale", "valid", "gross"))
    sides = {"sales": sale, "purchase": ~sale}
    values = {"net": (net, valid), "gross": (net, gross), "red": (net, valid & (net < 0)), "tax": (pl.col("tax"), gross)}
    counts = {"n": gross, "void": ~valid, "any": pl.lit(value=True)}
    summed = {
        f"{side}_{name}": pl.when(mask & there).then(value).otherwise(0).sum()
        for side, there in sides.items()
        for name, (value, mask) in values.items()
    }
    counted = {
        f"{side}_{name}": (mask & there).sum().cast(pl.Int64) for side, there in sides.items() for name, mask in counts.items()
    }
    return summed | counted


def _amounts() -> dict[str, pl.Expr]:
    return {
        **{f"sales_fen_{window}m": _total("sales_net", window) for window in (12, 6, 3, 36)},
        "purchase_fen_12m": _total("purchase_net", 12),
        **{f"sales_count_{window}m": _total("sales_n", window) for window in (12, 6, 3)},
        "purchase_count_12m": _total("purchase_n", 12),
        "sales_mean_fen_12m": _ratio(_total("sales_gross", 12), _total("sales_n", 12)) / ONE,
    }


def _spans() -> dict[str, pl.Expr]:
    age, sold = pl.col("age"), pl.col("sales_n") > 0
    before = pl.when(sold).then(age).sort().drop_nulls()  # ages with sales, ascending
    gaps = (before.diff().max() - 1).fill_null(0), before.min().fill_null(LONG), (LONG - 1 - before.max()).fill_null(LONG)
    return {
        **{f"sales_months_active_{window}m": ((age < window) & sold).sum() for window in (3, 6, 12, 36)},
        "purchase_months_active_12m": ((age < 12) & (pl.col("purchase_n") > 0)).sum(),
        "history_months": pl.when(sold).then(age + 1).otherwise(0).max(),
        "sales_longest_gap_months_36m": pl.max_horizontal(*gaps),
    }


def _series() -> dict[str, pl.Expr]:
    year, net = pl.col("age") < 12, pl.col("sales_net").clip(0)
    least = pl.when(year.sum() == 12).then(pl.when(year).then(net).min()).otherwise(0)
    return {
        "sales_change_12m": _change("sales_net", 12),
        "sales_change_24m": _change("sales_net", 24),
        "purchase_change_12m": _change("purchase_net", 12),
        "sales_slope_12m": _slope(12),
        "sales_slope_24m": _slope(24),
        "sales_recent_pace_12m": _ratio(_plus("sales_net", 3) * 4, _plus("sales_net", 12)),
        "sales_cv_12m": _cv("sales_net", 12),
        "sales_cv_24m": _cv("sales_net", 24),
        "purchase_cv_12m": _cv("purchase_net", 12),
        "sales_best_month_share_12m": _ratio(pl.when(year).then(net).otherwise(0).max(), _plus("sales_net", 12)),
        "sales_worst_month_12m": _ratio(least * 12, _plus("sales_net", 12)),
    }


def _rates() -> dict[str, pl.Expr]:
    parts = {
        "sales_void_rate_12m": ("sales_void", "sales_any", 12),
        "sales_void_rate_36m": ("sales_void", "sales_any", 36),
        "purchase_void_rate_12m": ("purchase_void", "purchase_any", 12),
        "sales_red_rate_12m": ("sales_red", "sales_gross", 12),
        "purchase_red_rate_12m": ("purchase_red", "purchase_gross", 12),
        "purchase_to_sales_12m": ("purchase_net", "sales_net", 12),
        "sales_tax_burden_12m": ("sales_tax", "sales_gross", 12),
    }
    return {name: _ratio(_total(above, m).abs(), _total(below, m)) for name, (above, below, m) in parts.items()}


def _ratio(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    return pl.when(below > 0).then(above / below * ONE)


def _inside(window: int, since: int) -> pl.Expr:
    return (pl.col("age") >= since) & (pl.col("age") < window)


def _total(name: str, window: int) -> pl.Expr:
    return pl.when(_inside(window, 0)).then(pl.col(name)).otherwise(0).sum()


def _plus(name: str, window: int, since: int = 0) -> pl.Expr:
    return pl.when(_inside(window, since)).then(pl.col(name).clip(0)).otherwise(0).sum()


def _change(name: str, window: int) -> pl.Expr:
    later, earlier = _plus(name, window // 2), _plus(name, window, window // 2)
    return _ratio(later - earlier, later + earlier)


def _slope(window: int) -> pl.Expr:
    weight = (window - 1 - 2 * pl.col("age").cast(pl.Int64)).cast(pl.Float64)
    moment = pl.when(pl.col("age") < window).then(weight * pl.col("sales_net").cast(pl.Float64)).otherwise(0.0).sum()
    return _ratio(moment / 2.0 / (window * (window * window - 1) / 12.0), _total("sales_net", window) / window)


def _cv(name: str, window: int) -> pl.Expr:
    value = pl.when(pl.col("age") < window).then(pl.col(name)).otherwise(0).cast(pl.Float64)
    mean = value.sum() / window
    return _ratio(((value * value).sum() / window - mean * mean).clip(0).sqrt(), mean)


def _polars_seasons(months: pl.LazyFrame) -> pl.LazyFrame:
    """Return the correlation of a year's months with those of the year before; a month without rows counts as zero."""
    age, value = pl.col("age"), pl.col("sales_net")
    pairs = (
        months.filter(age < 24)
        .group_by("row", (age % 12).alias("place"))
        .agg(
            this=pl.when(age < 12).then(value).otherwise(0).sum().cast(pl.Float64),
            before=pl.when(age >= 12).then(value).otherwise(0).sum().cast(pl.Float64),
        )
    )
    this, before = pl.col("this"), pl.col("before")

    def moment(left: pl.Expr, right: pl.Expr) -> pl.Expr:
        return (left * right).sum() - left.sum() * right.sum() / 12.0

    scale = moment(this, this).clip(0).sqrt() * moment(before, before).clip(0).sqrt()
    return pairs.group_by("row").agg(sales_seasonality_24m=pl.when(scale > 0).then(moment(this, before) / scale * ONE))


def _polars_days(inside: pl.LazyFrame, spine: pl.DataFrame) -> pl.LazyFrame:
    """Return what days tell: each day of each side once, in order."""
    day, age, sale = pl.col("day"), pl.col("age"), pl.col("sale")
    looks = spine.lazy().select("row", "as_of_day", "first_day")
    days = inside.filter("gross").select("row", "sale", "day", "age").unique().sort("row", "sale", "day").join(looks, on="row")
    recent = days.filter(age < 12)
    since = pl.coalesce(day.diff().over("row", "sale", order_by="day"), day - pl.col("first_day"))
    gaps = (
        recent.with_columns(since=since)
        .group_by("row", "sale")
        .agg(active=pl.len(), gap=pl.max_horizontal(pl.col("since").max(), (pl.col("as_of_day") - day).min()))
    )
    last = days.group_by("row", "sale").agg(last=(pl.col("as_of_day") - day).min())
    both = last.join(gaps, on=["row", "sale"], how="left")
    names = {"active": "{}_active_days_12m", "last": "days_since_last_{}", "gap": "{}_longest_gap_days_12m"}
    picked = {
        text.format(side if name != "last" else side.removesuffix("s")): pl.when(mask).then(pl.col(name)).max()
        for name, text in names.items()
        for side, mask in (("sales", sale), ("purchase", ~sale))
    }
    return both.group_by("row").agg(**picked)


def _polars_parties(inside: pl.LazyFrame) -> pl.LazyFrame:
    """Return what parties tell: sums by party and month, then by party, then over parties."""
    age, net, sale = pl.col("age"), pl.col("net_fen"), pl.col("sale")
    months = inside.filter("gross", pl.col("party").is_not_null()).group_by("row", "sale", "party", "age").agg(net.sum())
    year = age < 12
    parties = months.group_by("row", "sale", "party").agg(
        year=pl.when(year).then(net).otherwise(0).sum(),
        months=year.sum(),
        later=(age < 6).any(),
        earlier=((age >= 6) & year).any(),
        oldest=age.max(),
        youngest=age.min(),
    )
    total = pl.col("year").sum().over("row", "sale")
    now = pl.col("months") > 0
    parties = parties.with_columns(share=pl.when(now).then(pl.col("year") / total))
    share, loyal = pl.col("share"), pl.col("youngest") < 12
    new = pl.when(pl.col("oldest") < 12).then(pl.col("year")).otherwise(0).sum()
    sides = parties.group_by("row", "sale").agg(
        parties=now.sum(),
        top=share.max() * ONE,
        five=share.top_k(5).sort().sum() * ONE,
        hhi=(share * share).sum() * ONE,
        entropy=-(share * share.log()).sum() * ONE,
        overlap=(pl.col("later") & pl.col("earlier")).sum() / now.sum() * ONE,
        again=(pl.col("months") >= 2).sum() / now.sum() * ONE,
        tenure=pl.when(loyal).then(pl.col("oldest") + 1).sum() / loyal.sum(),
        fresh=new / pl.col("year").sum() * ONE,
    )
    names = {
        "customers_12m": ("parties", sale), "suppliers_12m": ("parties", ~sale), "top_customer_share_12m": ("top", sale),
        "top_supplier_share_12m": ("top", ~sale), "top_five_customers_share_12m": ("five", sale),
        "customer_hhi_12m": ("hhi", sale), "supplier_hhi_12m": ("hhi", ~sale), "customer_entropy_12m": ("entropy", sale),
        "customer_overlap_12m": ("overlap", sale), "supplier_overlap_12m": ("overlap", ~sale),
        "customer_repeat_rate_12m": ("again", sale), "customer_tenure_36m": ("tenure", sale),
        "supplier_tenure_36m": ("tenure", ~sale), "new_customer_share_36m": ("fresh", sale),
    }  # fmt: skip
    there = pl.col("parties") > 0
    return sides.group_by("row").agg(
        **{
            name: pl.when(side & (there if name[-3:] == "12m" else True)).then(pl.col(of)).max()
            for name, (of, side) in names.items()
        }
    )
