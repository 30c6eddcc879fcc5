"""In: nothing. Out: the records of trade: order, refund, shop_snapshot, b2b_order. Used: by features of shops and of firms that
deal with firms.

Shop records name the shop only: which business it belongs to is said by `link` records, as known then.
"""

from __future__ import annotations

from weilend.core.records.frame import (
    MAX_PPM,
    boolean,
    count,
    day,
    fen,
    instant,
    make_kind,
    number,
    optional,
    ppm,
    text,
)

#: Where shops stand.
PLATFORMS = (
    "taobao", "tmall", "jd", "pinduoduo", "douyin", "kuaishou", "1688", "amazon", "shopify", "woocommerce", "other",
)  # fmt: skip

#: The stations of an order. Valid, so counted as sales, are those from `paid` to `completed` (domain: paid and not closed).
ORDER_STATUSES = ("unpaid", "deposit_paid", "paid", "part_shipped", "shipped", "signed", "completed", "closed")

_FIVE_STARS = 5_000_000  # in ppm of a star

ORDER = make_kind(
    "order",
    "shop_id buyer_id",
    "A line of an order in a shop: one item. It happens when it is paid, and while unpaid when it was placed; a change of its"
    " state is a new version. `line_no = 1` stands once for each order. Amounts are those of the line.",
    text("order_id", "order number of the platform"),
    number("line_no", "which line of the order, from 1", 1, 10_000, "number"),
    text("platform", "where the shop stands", *PLATFORMS),
    text("status", "how far it has come", *ORDER_STATUSES),
    fen(
        "paid_fen", "what the buyer paid or is to pay for this line, after every discount, with its share of the postage", lo=0
    ),
    *optional(
        fen("list_fen", "list price times units", lo=0),
        fen("discount_fen", "discount borne by the shop", lo=0),
        fen("platform_discount_fen", "discount borne by the platform: the shop receives it, the buyer does not pay it", lo=0),
        fen("postage_fen", "share of the postage", lo=0),
        fen("commission_fen", "fee that the platform keeps", lo=0),
        fen("received_fen", "cash that reached the shop"),
        fen("refunded_fen", "what was paid back so far", lo=0),
        text("refund_state", "is money asked back", "none", "asked", "agreed", "refunded", "refused", "withdrawn"),
        count("units_count", "pieces"),
        text("sku", "what was sold, finest code that the platform gives"),
        text("item_id", "listing it was bought from"),
        text("category", "category code of the platform"),
        text("province", "province of the receiver"),
        text("city", "city of the receiver"),
        text("streamer_id", "streamer or author whose room sold it"),
        text("traffic", "where the buyer came from", "search", "feed", "live", "video", "ad", "direct", "other"),
        text(
            "pay_method",
            "paid by",
            "alipay",
            "wechat",
            "card",
            "platform_credit",
            "cash_on_delivery",
            "account_period",
            "other",
        ),
        instant("placed_at", "placed"),
        instant("pay_at", "paid"),
        instant("promised_at", "to be shipped by"),
        instant("consign_at", "handed to the carrier"),
        instant("signed_at", "signed by the receiver"),
        instant("end_at", "completed or closed: from here the money is the shop's"),
        text("waybill_id", "waybill; the same one on many orders is a sign of brushing"),
        text("carrier", "logistics company"),
        number("weight_grams", "weight of the parcel", 0, 10**9, "grams"),
        boolean("buyer_is_new", "first order of this buyer in this shop"),
        number("buyer_level", "level of the buyer on the platform", 0, 100, "number"),
        text("buyer_review", "what the buyer said", "good", "neutral", "bad"),
        text("review_hash", "hash of the review's text: equal texts are a sign of brushing"),
        boolean("is_presale", "sold before it was there"),
        boolean("is_drop_shipped", "shipped by somebody else (代销)"),
        boolean("is_held_for_risk", "held by the platform's risk control"),
    ),
)

REFUND = make_kind(
    "refund",
    "shop_id buyer_id",
    "A buyer asked for money back. It happens when it is asked for; what became of it is a new version.",
    text("refund_id", "number of the refund"),
    text("order_id", "order number of the platform"),
    text("status", "how far it has come", "asked", "agreed", "returning", "refunded", "refused", "withdrawn"),
    fen("amount_fen", "amount asked back, or paid back once refunded", lo=0),
    *optional(
        number("line_no", "which line of the order", 1, 10_000, "number"),
        day("order_on", "local day on which the order was paid: net sales take the refund off that day's month"),
        boolean("with_goods", "goods come back too"),
        text("after_sale", "what is asked", "refund_only", "return", "exchange", "resend"),
        text("phase", "before or after shipping", "before_shipping", "after_shipping"),
        boolean("is_disputed", "the platform has to decide"),
        boolean("is_fast", "paid by the platform at once (极速退款)"),
        text("reason", "reason as the platform codes it"),
        instant("closed_at", "refunded, refused or withdrawn"),
    ),
)

SHOP_SNAPSHOT = make_kind(
    "shop_snapshot",
    "shop_id",
    "How a shop stood at an instant. These things change in place: before the first snapshot they have no past.",
    text("platform", "where the shop stands", *PLATFORMS),
    text("status", "state of the shop", "normal", "supervised", "frozen", "closed"),
    *optional(
        day("opened_on", "opening day"),
        text("shop_type", "type of shop", "personal", "business", "flagship", "franchise", "speciality", "other"),
        boolean("is_real_name", "the owner's name was verified by the platform"),
        text("main_category", "main category code of the platform"),
        text("region", "province where the shop ships from"),
        number("level", "level of the shop; of Taobao's 1 to 20, 1 is one heart", 0, 100, "number"),
        number("credit_points", "credit score of the platform: good +1, bad -1", -(10**9), 10**9, "number"),
        ppm("positive_rate_ppm", "share of positive reviews (好评率)"),
        count("reviews_count", "reviews"),
        ppm("dsr_item_ppm", "item as described, in ppm of a star: 4.8 stars are 4800000", hi=_FIVE_STARS),
        ppm("dsr_service_ppm", "service, in ppm of a star", hi=_FIVE_STARS),
        ppm("dsr_delivery_ppm", "delivery, in ppm of a star", hi=_FIVE_STARS),
        ppm("dsr_item_gap_ppm", "item against its category, signed share", lo=-MAX_PPM, hi=MAX_PPM),
        ppm("dsr_service_gap_ppm", "service against its category, signed share", lo=-MAX_PPM, hi=MAX_PPM),
        ppm("dsr_delivery_gap_ppm", "delivery against its category, signed share", lo=-MAX_PPM, hi=MAX_PPM),
        fen("deposit_required_fen", "deposit (保证金) that the platform asks", lo=0),
        fen("deposit_paid_fen", "deposit (保证金) that lies there", lo=0),
        fen("pending_settlement_fen", "sales that the platform has not paid out yet"),
        number("violation_points", "penalty points this year", 0, 1_000, "number"),
        number(
            "severe_violation_points", "penalty points for severe violations (售假 among them) this year", 0, 1_000, "number"
        ),
        count("sku_on_sale_count", "items on sale"),
        count("fans_count", "followers"),
        count("visitors_30d_count", "visitors in 30 days"),
        fen("ad_spend_30d_fen", "spent on the platform's advertising in 30 days", lo=0),
        fen("platform_credit_fen", "owed to lenders of the platform", lo=0),
    ),
)

B2B_ORDER = make_kind(
    "b2b_order",
    "business_id counterparty_id",
    "A business sold to, or bought from, another. It happens when it is placed; a change of its state is a new version.",
    text("order_id", "order number"),
    text("side", "sold or bought by the business", "sale", "purchase"),
    text("status", "how far it has come", "unpaid", "paid", "shipped", "received", "completed", "closed"),
    fen("total_fen", "goods and shipping, after discount", lo=0),
    *optional(
        text(
            "terms", "how it is paid", "escrow", "prepaid", "instant", "staged", "cash_on_delivery", "account_period", "credit"
        ),
        number("account_period_days", "days until it is to be paid", 0, 3_650, "days"),
        fen("goods_fen", "goods alone", lo=0),
        fen("shipping_fen", "shipping", lo=0),
        fen("discount_fen", "discount", lo=0),
        fen("paid_fen", "paid so far", lo=0),
        fen("unpaid_fen", "still to be paid: a receivable of a sale, a debt of a purchase", lo=0),
        fen("refunded_fen", "paid back so far", lo=0),
        text("refund_state", "is money asked back", "none", "asked", "agreed", "refunded", "refused", "withdrawn"),
        text("category", "category code of the main item"),
        count("lines_count", "lines"),
        number("counterparty_level", "level of the other side on the platform", 0, 100, "number"),
        boolean("is_overseas", "crosses a border"),
        day("due_on", "to be paid by"),
        instant("pay_at", "paid"),
        instant("consign_at", "shipped"),
        instant("received_at", "received"),
        instant("end_at", "completed or closed"),
        text("closed_by", "who closed it, where closed", "buyer", "seller", "platform"),
    ),
)
