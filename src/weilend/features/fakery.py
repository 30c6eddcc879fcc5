"""In: a feature. Out: what it costs a business to make it look better. Used: in the data dictionary, to weigh sources.

A feature is worth what it costs to fake. Costs are assumptions of practitioners, for an order of magnitude; fraud research replaces
them. A feature that holds one source against another is as hard to fake as the harder of the two, for both must be made to agree.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from weilend.core.registry import Registry
from weilend.features.spec import Feature, Part

#: free: by writing it down; cheap: for a few yuan a fact; costly: in proportion to what is claimed; hard: somebody else, who
#: gains nothing by it, would have to lie.
Level = Literal["free", "cheap", "costly", "hard"]
LEVELS: tuple[Level, ...] = ("free", "cheap", "costly", "hard")
LEVELS_ZH: dict[Level, str] = {"free": "无成本", "cheap": "低成本", "costly": "成本随规模上升", "hard": "难以操纵"}


class Fakery(msgspec.Struct, frozen=True):
    """How hard a kind of record, or one column of it, is to fake, and how it is done, in English and Chinese.

    >>> FAKERIES["invoice"].level
    'costly'
    """

    level: Level
    en: str
    zh: str


FAKERIES: Registry[Fakery] = Registry("kind of fakery")

for _name, _fakery in {
    "order": Fakery("cheap", "brushing: ¥3-15 an order for the hired buyer, and the platform's commission on what goes round",
                    "刷单：每单佣金3-15元，另付平台扣点"),
    "refund": Fakery("cheap", "refunds are paid outside the platform, so that its book shows none",
                     "线下退款，使平台退款率偏低"),
    "shop_snapshot": Fakery("cheap", "ratings are brushed with the orders; ¥5-20 a review", "刷好评：每条5-20元"),
    "shop_snapshot.deposit_paid_fen": Fakery("costly", "the deposit itself must be paid in, though it may be borrowed for a month",
                                             "需实缴保证金，可短期拆借"),
    "shop_snapshot.opened_on": Fakery("costly", "aged shops are sold for ¥1,000-50,000", "购买老店：1000元至5万元"),
    "shop_snapshot.violation_points": Fakery("hard", "the platform writes them", "由平台记录"),
    "bank_entry": Fakery("costly", "wash flows cost the use of capital and ¥0-5 a transfer; forged papers ¥100-500, but balances"
                                   " must run and other sources agree",
                         "对倒流水：占用资金；伪造流水：100-500元，但余额须连续且与其他来源一致"),
    "statement_balance": Fakery("costly", "money is lent for a day at about 0.1 %", "过桥资金冲存款，日息约0.1%"),
    "wallet_entry": Fakery("cheap", "codes are scanned in a circle: up to 0.6 % of what goes round", "循环扫码：手续费不超过0.6%"),
    "invoice": Fakery("costly", "an invoice that nobody buys costs its tax, 1-13 %; in a circle of firms 1-3 %, and it is a crime",
                      "虚开发票：税款1-13%，环开成本1-3%，且涉嫌犯罪"),
    "tax_filing": Fakery("costly", "tax must be paid on the sales that one declares", "虚增申报销售须实缴税款"),
    "ledger_line": Fakery("free", "the bookkeeper writes another line", "内部账簿可自行修改"),
    "b2b_order": Fakery("cheap", "two accounts trade with each other; ¥0-50 an order", "自买自卖：每单0-50元"),
    "registry_event": Fakery("hard", "the register publishes them; one can only buy a firm with a clean page",
                             "登记机关公示，只能购买干净壳公司"),
    "registry_profile": Fakery("costly", "an aged firm is sold for ¥3,000-20,000; capital is promised for nothing",
                               "购买存量壳公司：3000元至2万元；认缴资本无成本"),
    "registry_profile.staff_count": Fakery("costly", "social insurance of ¥1,000 or more a person and month",
                                           "挂靠社保：每人每月千元以上"),
    "bureau_report": Fakery("hard", "lenders report it; debts shrink by being paid", "由金融机构报送，只能通过还款改善"),
    "identity_check": Fakery("costly", "a person is hired to show the face, ¥200-2,000", "雇人过人脸识别：200-2000元"),
    "device_sighting": Fakery("cheap", "a fresh phone ¥300; an emulator and a proxy ¥1 a device", "新机300元；模拟器加代理每台1元"),
    "user_event": Fakery("cheap", "scripts behave as they are told, if they are told well", "脚本可模拟操作行为"),
    "reconciliation": Fakery("costly", "each paper must be forged to fit every other", "须使各来源相互吻合"),
    "link": Fakery("cheap", "another phone, another address: ¥50", "更换手机号或地址：约50元"),
    "graph_profile": Fakery("cheap", "fresh telephones, devices and addresses, ¥350 a set, for each applicant of a gang",
                            "团伙为每个申请人更换手机、号码与地址，每套约350元"),
    "application": Fakery("free", "the applicant says so", "申请人自述"),
}.items():  # fmt: skip
    FAKERIES.add(_name, _fakery)


def rate_fakery(feature: Feature) -> Fakery:
    """Return what it costs to make a feature look better: of its parts the hardest, for both would have to be faked.

    A column that is rated by itself (`kind.column`) comes before its kind. Raises `NotFoundError` for a kind without a rating.

    >>> from weilend.features.sets import LIBRARY
    >>> rate_fakery(LIBRARY["shop_sales_fen_12m"]).level, rate_fakery(LIBRARY["sales_fen_12m"]).level
    ('cheap', 'costly')
    """
    return max((_rate_part(part) for part in feature.parts), key=lambda one: LEVELS.index(one.level))


def _rate_part(part: Part) -> Fakery:
    said = (f"{part.kind}.{column}" for column in (part.value, part.by))
    return FAKERIES[next((name for name in said if name in FAKERIES), part.kind)]
