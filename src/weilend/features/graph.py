"""In: nothing. Out: the features that read how a business stands among others. Used: by feature sets and products.

What is shared (a telephone, a device, a region) is counted over the whole book at the application (`features.crowds`) and written
as a `graph_profile`; a feature reads the profile of that day and nothing older, for a crowd grows.
"""

from __future__ import annotations

from weilend.features.spec import Feature, Part

BUSINESS = "subject_kind = 'business'"
PHONE = Part("graph_profile", BUSINESS, "phone_businesses_count")
ADDRESS = Part("graph_profile", BUSINESS, "address_businesses_count")
ACCOUNT = Part("graph_profile", BUSINESS, "account_businesses_count")
DEVICE = Part("graph_profile", BUSINESS, "device_owners_count")
WIFI = Part("graph_profile", BUSINESS, "wifi_owners_30d_count")
REGION = Part("graph_profile", BUSINESS, "region_default_rate_ppm")

MAX_MEMBERS = 10**9
ONE = 1_000_000

#: What somebody else may have come by, in English and Chinese; the windows of `features.crowds.PACES`.
PACED = {
    "device": ("device", "设备"), "ip": ("network address", "网络地址"), "wifi": ("Wi-Fi", "Wi-Fi"),
    "phone": ("telephone", "电话"), "address": ("address", "地址"), "account": ("account", "账户"),
}  # fmt: skip
WINDOWS = {"1h": ("hour", "1小时"), "24h": ("24 hours", "24小时"), "7d": ("7 days", "7天"), "30d": ("30 days", "30天")}

# A table: one feature a line, as far as a line goes. It costs nothing: the book is ours.
# fmt: off
GRAPH_FEATURES = (
    Feature(name="graph_phone_businesses_1d", aggregate="last", of=PHONE, days=1, unit="count", lo=0, hi=MAX_MEMBERS, sign=-1,
            why="one telephone for many businesses is an intermediary's, or a gang's",
            en="{value} businesses were seen at the same telephone", zh="同一电话关联企业{value}家"),
    Feature(name="graph_address_businesses_1d", aggregate="last", of=ADDRESS, days=1, unit="count", lo=0, hi=MAX_MEMBERS, sign=-1,
            why="shells live together; so do the tenants of a market, which a person tells apart",
            en="{value} businesses were seen at the same address", zh="同一地址关联企业{value}家"),
    Feature(name="graph_account_businesses_1d", aggregate="last", of=ACCOUNT, days=1, unit="count", lo=0, hi=MAX_MEMBERS, sign=-1,
            why="money of many borrowers that ends in one account is one borrower's",
            en="{value} businesses use the same account", zh="同一账户关联企业{value}家"),
    Feature(name="graph_device_owners_1d", aggregate="last", of=DEVICE, days=1, unit="count", lo=0, hi=MAX_MEMBERS, sign=-1,
            why="an owner has a telephone of his own; a workshop of fraud has one for many owners",
            en="{value} owners were seen on the same device", zh="同一设备关联企业主{value}人"),
    Feature(name="graph_wifi_owners_1d", aggregate="last", of=WIFI, days=1, unit="count", lo=0, hi=MAX_MEMBERS, sign=-1,
            why="many applicants in one Wi-Fi within a month sit in one room",
            en="{value} owners were seen in the same Wi-Fi within 30 days", zh="近30天同一Wi-Fi关联企业主{value}人"),
    Feature(name="graph_region_default_rate_1d", aggregate="last", of=REGION, days=1, unit="ppm", lo=0, hi=ONE, sign=-1,
            why="a region's trouble is its firms' trouble",
            en="{value} of the region's borrowers have defaulted", zh="所在地区借款企业违约率{value}"),
    *(
        Feature(name=f"graph_{thing}_others_{window}", aggregate="last", days=1, unit="count", lo=0, hi=MAX_MEMBERS, sign=-1,
                of=Part("graph_profile", BUSINESS, f"{thing}_others_{window}_count"),
                why="a workshop of fraud files its applications one after the other",
                en=f"{{value}} others came by the same {en} in the last {span_en}",
                zh=f"近{span_zh}同一{zh}出现其他主体{{value}}个")
        for thing, (en, zh) in PACED.items()
        for window, (span_en, span_zh) in WINDOWS.items()
    ),
)
# fmt: on
