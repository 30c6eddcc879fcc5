"""In: invoices in force. Out: twelve features, written by hand for polars, pandas and DuckDB. Used: by `features`.

Each returns floats per business in the order of `SUBSET`, NaN where there is no answer (a total below it is not positive);
rounding is done outside, alike for all.
Windows are what the features say: the calendar months before 2020-01-01, twelve of them (36 for the last sale).
"""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pandas as pd
import polars as pl

SUBSET = ("sales_fen_12m", "sales_count_12m", "sales_mean_fen_12m", "sales_months_active_12m", "sales_active_days_12m",
          "days_since_last_sale", "sales_cv_12m", "sales_void_rate_12m", "purchase_to_sales_12m", "customers_12m",
          "top_customer_share_12m", "customer_hhi_12m")  # fmt: skip
YEAR, LONG, END = date(2019, 1, 1), date(2017, 1, 1), date(2020, 1, 1)
COLUMNS = ("business_id", "counterparty_id", "direction", "status", "net_fen", "happened_on")
ONE = 1_000_000.0


def by_polars(frame: pl.LazyFrame) -> pl.DataFrame:
    """Return the features, one row a business, by polars."""
    on, net = pl.col("happened_on"), pl.col("net_fen")
    sale = (pl.col("direction") == "sale") & (pl.col("status") == "valid")
    year, positive = (on >= YEAR) & (on < END), sale & (net > 0)
    frame = frame.filter((on >= LONG) & (on < END))
    key, anything = "business_id", (pl.col("direction") == "sale") & year
    sums = frame.group_by(key).agg(
        net.filter(sale & year).sum().cast(pl.Float64).alias("sales_fen_12m"),
        (positive & year).sum().cast(pl.Float64).alias("sales_count_12m"),
        net.filter(positive & year).mean().alias("sales_mean_fen_12m"),
        on.filter(positive & year).dt.month().n_unique().cast(pl.Float64).alias("sales_months_active_12m"),
        on.filter(positive & year).n_unique().cast(pl.Float64).alias("sales_active_days_12m"),
        (pl.lit(END) - on.filter(positive).max()).dt.total_days().cast(pl.Float64).alias("days_since_last_sale"),
        ((pl.col("status") == "void") & anything).sum().alias("void"),
        anything.sum().alias("any"),
        net.filter((pl.col("direction") == "purchase") & (pl.col("status") == "valid") & year).sum().alias("bought"),
    )
    months = frame.filter(sale & year).group_by(key, on.dt.month().alias("month")).agg(net.sum().cast(pl.Float64))
    mean = net.sum() / 12
    spread = ((net * net).sum() / 12 - mean * mean).clip(0)
    cv = months.group_by(key).agg(pl.when(mean > 0).then(spread.sqrt() / mean * ONE).alias("sales_cv_12m"))
    parties = frame.filter(positive & year).group_by(key, "counterparty_id").agg(net.sum().cast(pl.Float64))
    share = net / net.sum()
    who = parties.group_by(key).agg(
        pl.len().cast(pl.Float64).alias("customers_12m"),
        (share.max() * ONE).alias("top_customer_share_12m"),
        ((share * share).sum() * ONE).alias("customer_hhi_12m"),
    )
    sold = pl.col("sales_fen_12m")
    done = (
        sums.join(cv, on=key, how="left")
        .join(who, on=key, how="left")
        .with_columns(
            (pl.col("void") / pl.col("any") * ONE).alias("sales_void_rate_12m"),
            pl.when(sold > 0).then(pl.col("bought").abs() / sold * ONE).alias("purchase_to_sales_12m"),
        )
    )
    return done.select(key, *SUBSET).collect()


def by_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the features, one row a business, by pandas."""
    on = frame["happened_on"]
    frame = frame[(on >= pd.Timestamp(LONG)) & (on < pd.Timestamp(END))]
    valid, sold = frame["status"] == "valid", frame["direction"] == "sale"
    year = frame["happened_on"] >= pd.Timestamp(YEAR)
    positive = valid & sold & (frame["net_fen"] > 0)
    key, net = "business_id", "net_fen"
    sales, gross, ever = frame[valid & sold & year], frame[positive & year], frame[positive]
    done = pd.DataFrame(index=pd.Index(frame[key].unique(), name=key))
    done["sales_fen_12m"] = sales.groupby(key)[net].sum().astype(float)
    grouped = gross.groupby(key)
    done["sales_count_12m"] = grouped[net].size().astype(float)
    done["sales_mean_fen_12m"] = grouped[net].mean()
    done["sales_months_active_12m"] = gross["happened_on"].dt.month.groupby(gross[key]).nunique()
    done["sales_active_days_12m"] = grouped["happened_on"].nunique()
    done["days_since_last_sale"] = (pd.Timestamp(END) - ever.groupby(key)["happened_on"].max()).dt.days
    months = sales.groupby([key, sales["happened_on"].dt.month])[net].sum().unstack(fill_value=0).astype(float)
    mean = months.sum(axis=1) / 12
    done["sales_cv_12m"] = (
        np.sqrt(((months * months).sum(axis=1) / 12 - mean * mean).clip(lower=0)) / mean.where(mean > 0) * ONE
    )
    anything = frame[sold & year]
    done["sales_void_rate_12m"] = (anything["status"] == "void").groupby(anything[key]).mean() * ONE
    bought = frame[valid & ~sold & year].groupby(key)[net].sum()
    done["purchase_to_sales_12m"] = bought.abs() / done["sales_fen_12m"].where(done["sales_fen_12m"] > 0) * ONE
    parties = gross.groupby([key, "counterparty_id"])[net].sum()
    share = parties / parties.groupby(level=0).transform("sum")
    done["customers_12m"] = parties.groupby(level=0).size()
    done["top_customer_share_12m"] = share.groupby(level=0).max() * ONE
    done["customer_hhi_12m"] = (share * share).groupby(level=0).sum() * ONE
    return done[list(SUBSET)].astype(float)


#: The same in one query; {source} is a relation of invoices in force.
QUERY = """
WITH invoice AS (SELECT business_id, counterparty_id, net_fen, happened_on, month(happened_on) AS month, status = 'void' AS void,
    direction = 'sale' AS sold, sold AND NOT void AS sale, sale AND net_fen > 0 AS positive,
    happened_on >= DATE '2019-01-01' AS year
  FROM {source} WHERE happened_on >= DATE '2017-01-01' AND happened_on < DATE '2020-01-01'),
sums AS (SELECT business_id, coalesce(sum(net_fen) FILTER (sale AND year), 0)::DOUBLE AS sales_fen_12m,
    count(*) FILTER (positive AND year)::DOUBLE AS sales_count_12m, avg(net_fen) FILTER (positive AND year) AS sales_mean_fen_12m,
    count(DISTINCT month) FILTER (positive AND year)::DOUBLE AS sales_months_active_12m,
    count(DISTINCT happened_on) FILTER (positive AND year)::DOUBLE AS sales_active_days_12m,
    (DATE '2020-01-01' - max(happened_on) FILTER (positive))::DOUBLE AS days_since_last_sale,
    1e6 * count(*) FILTER (void AND sold AND year) / nullif(count(*) FILTER (sold AND year), 0) AS sales_void_rate_12m,
    1e6 * abs(sum(net_fen) FILTER (NOT sold AND NOT void AND year)) / nullif(greatest(sales_fen_12m, 0), 0) AS purchase_to_sales_12m
  FROM invoice GROUP BY business_id),
months AS (SELECT business_id, sum(net_fen)::DOUBLE AS net FROM invoice WHERE sale AND year GROUP BY business_id, month),
cv AS (SELECT business_id,
    1e6 * sqrt(greatest(sum(net * net) / 12 - (sum(net) / 12) ** 2, 0)) / nullif(greatest(sum(net) / 12, 0), 0) AS sales_cv_12m
  FROM months GROUP BY business_id),
parties AS (SELECT business_id, sum(net_fen)::DOUBLE AS net FROM invoice WHERE positive AND year
  GROUP BY business_id, counterparty_id),
who AS (SELECT business_id, count(*)::DOUBLE AS customers_12m, 1e6 * max(net) / sum(net) AS top_customer_share_12m,
    1e6 * sum(net * net) / sum(net) ** 2 AS customer_hhi_12m FROM parties GROUP BY business_id)
SELECT business_id, {names} FROM sums LEFT JOIN cv USING (business_id) LEFT JOIN who USING (business_id)"""


def by_duckdb(connection: duckdb.DuckDBPyConnection, source: str) -> pl.DataFrame:
    """Return the features, one row a business, by a query of DuckDB."""
    return pl.from_arrow(connection.sql(QUERY.format(source=source, names=", ".join(SUBSET))).to_arrow_table())


def whole(frame: pl.DataFrame | pd.DataFrame, names: tuple[str, ...]) -> dict[str, list[int | None]]:
    """Return the features by name as integers, None where there is no answer, businesses in the order of `names`."""
    if isinstance(frame, pl.DataFrame):
        frame = frame.to_pandas().set_index("business_id")
    frame = frame.reindex(list(names))
    columns = {name: np.rint(frame[name].to_numpy(float)) for name in SUBSET}
    return {name: [None if np.isnan(one) else int(one) for one in column] for name, column in columns.items()}
