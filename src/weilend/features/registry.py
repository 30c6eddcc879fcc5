"""In: nothing. Out: the features that read the business register. Used: by the feature set of this theme and by products.

Events are counted over days, up to the as_of. A look at the register (`registry_profile`) is a state: the last one within half a
year counts, and ages grow by the days since that look.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.spec import Feature, Part

OWNERSHIP = "event in ('representative_changed', 'shareholders_changed')"
CHANGES = (
    "event in ('representative_changed', 'shareholders_changed', 'managers_changed', 'address_changed', 'scope_changed',"
    " 'capital_changed', 'name_changed', 'form_changed')"
)
#: How far a firm is from a good standing: 0 active, 4 gone.
STANDING = (
    "case when status = 'active' then 0 when status = 'abnormal' then 1 when status = 'liquidating' then 2"
    " when status = 'revoked' then 3 else 4 end"
)
#: Paid-in over registered capital, at most all of it; in steps of 10 ppm, for in ppm the product might not fit into 64 bits.
PAID_SHARE = "least(div(capital_paid_fen * 100000, capital_registered_fen), 100000) * 10"

CHANGED = Part("registry_event", CHANGES, by="event")
REPRESENTATIVE = Part("registry_event", "event = 'representative_changed'")
SHAREHOLDERS = Part("registry_event", "event = 'shareholders_changed'")
OWNERS = Part("registry_event", OWNERSHIP)
MANAGERS = Part("registry_event", "event = 'managers_changed'")
ADDRESS = Part("registry_event", "event = 'address_changed'")
SCOPE = Part("registry_event", "event = 'scope_changed'")
NAME = Part("registry_event", "event = 'name_changed'")
ABNORMAL = Part("registry_event", "event = 'listed_abnormal'")
PENALTIES = Part("registry_event", "event = 'penalised'")
SHARES_BOUND = Part("registry_event", "event in ('shares_pledged', 'shares_frozen')")
CHATTELS = Part("registry_event", "event = 'chattel_mortgaged'")

LOOKS = Part("registry_profile", "", STANDING, "business_id")
FOUNDED = Part("registry_profile", "", "days_between(founded_on, happened_on)", "business_id")
LICENCE = Part("registry_profile", "", "days_between(happened_on, licence_until_on)", "business_id")
CAPITAL = Part("registry_profile", "", "capital_registered_fen")
PAID = Part("registry_profile", "capital_registered_fen > 0", PAID_SHARE)
STAFF = Part("registry_profile", "", "staff_count")
HOLDERS = Part("registry_profile", "", "shareholders_count")
PERMITS = Part("registry_profile", "", "licences_count")
BRANCHES = Part("registry_profile", "", "branches_count")
OWNER_SHARE = Part("registry_profile", "", "owner_share_ppm")
SCOPES = Part("registry_profile", "", by="scope_hash")

ONE = 1_000_000
MAX_EVENTS = 100_000
MAX_THINGS = 10**9
MAX_AGE_DAYS = 200 * 366
#: Who looked at the register and found no event has seen that there is none.
LOOKED = ("registry_profile",)
#: Assumption: one look at the register through a commercial interface, ¥0.50 a business, events and profile together.
REGISTRY_COST_FEN = 50

# A table: one feature a line, as far as a line goes.
# fmt: off
EVENTS = (
    Feature(name="registry_representative_changes_180d", aggregate="count", of=REPRESENTATIVE, days=180, unit="count", lo=0,
            hi=MAX_EVENTS, sign=-1, why="shells change hands just before they apply", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="the legal representative changed {value} times in 180 days", zh="近180天法定代表人变更{value}次"),
    Feature(name="registry_representative_changes_365d", aggregate="count", of=REPRESENTATIVE, days=365, unit="count", lo=0,
            hi=MAX_EVENTS, sign=-1, why="shells change hands before they apply", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="the legal representative changed {value} times in a year", zh="近一年法定代表人变更{value}次"),
    Feature(name="registry_days_since_representative_change_1095d", aggregate="days_since_last", of=REPRESENTATIVE, days=1_095,
            unit="days", lo=0, hi=1_096, sign=1, why="the longer ago a firm was taken over, the less it was for this loan",
            cost_fen=REGISTRY_COST_FEN, seen_in=LOOKED, en="the legal representative last changed {value} ago",
            zh="最近一次法定代表人变更距今{value}"),
    Feature(name="registry_shareholder_changes_180d", aggregate="count", of=SHAREHOLDERS, days=180, unit="count", lo=0,
            hi=MAX_EVENTS, sign=-1, why="owners who leave know more than we do", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="shareholders changed {value} times in 180 days", zh="近180天股东变更{value}次"),
    Feature(name="registry_shareholder_changes_365d", aggregate="count", of=SHAREHOLDERS, days=365, unit="count", lo=0,
            hi=MAX_EVENTS, sign=-1, why="owners who leave know more than we do", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="shareholders changed {value} times in a year", zh="近一年股东变更{value}次"),
    Feature(name="registry_days_since_ownership_change_1095d", aggregate="days_since_last", of=OWNERS, days=1_095, unit="days",
            lo=0, hi=1_096, sign=1, why="the firm's past is the new owner's only after some time", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED,
            en="representative or shareholders last changed {value} ago", zh="最近一次法定代表人或股东变更距今{value}"),
    Feature(name="registry_address_changes_180d", aggregate="count", of=ADDRESS, days=180, unit="count", lo=0, hi=MAX_EVENTS,
            sign=-1, why="who moves now may be gone when an instalment is due", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="the address changed {value} times in 180 days", zh="近180天住所变更{value}次"),
    Feature(name="registry_address_changes_365d", aggregate="count", of=ADDRESS, days=365, unit="count", lo=0, hi=MAX_EVENTS,
            sign=-1, why="who moves often is hard to find", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="the address changed {value} times in a year", zh="近一年住所变更{value}次"),
    Feature(name="registry_scope_changes_365d", aggregate="count", of=SCOPE, days=365, unit="count", lo=0, hi=MAX_EVENTS,
            sign=-1,
            why="a firm that changes its trade has no record in the new one", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="the business scope changed {value} times in a year", zh="近一年经营范围变更{value}次"),
    Feature(name="registry_manager_changes_365d", aggregate="count", of=MANAGERS, days=365, unit="count", lo=0, hi=MAX_EVENTS,
            sign=-1, why="new managers do not know the trade yet", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="managers changed {value} times in a year", zh="近一年主要人员变更{value}次"),
    Feature(name="registry_name_changes_1095d", aggregate="count", of=NAME, days=1_095, unit="count", lo=0, hi=MAX_EVENTS,
            sign=-1,
            why="a new name leaves an old one behind", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="the name changed {value} times in three years", zh="近三年名称变更{value}次"),
    Feature(name="registry_changes_180d", aggregate="count", of=CHANGED, days=180, unit="count", lo=0, hi=MAX_EVENTS, sign=-1,
            why="many changes at once are how a shell is dressed up", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="{value} entries of the register changed in 180 days", zh="近180天工商变更{value}次"),
    Feature(name="registry_kinds_of_change_180d", aggregate="distinct", of=CHANGED, days=180, unit="count", lo=0, hi=8, sign=-1,
            why="representative, address and scope together are how a shell is dressed up", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="{value} kinds of entry changed in 180 days", zh="近180天变更事项{value}类"),
    Feature(name="registry_abnormal_listings_365d", aggregate="count", of=ABNORMAL, days=365, unit="count", lo=0, hi=MAX_EVENTS,
            sign=-1, why="listed as abnormal is a firm that cannot be found or does not report", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="listed as abnormal {value} times in a year", zh="近一年列入经营异常{value}次"),
    Feature(name="registry_abnormal_listings_1095d", aggregate="count", of=ABNORMAL, days=1_095, unit="count", lo=0,
            hi=MAX_EVENTS,
            sign=-1, why="who was out of order before will be again", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="listed as abnormal {value} times in three years", zh="近三年列入经营异常{value}次"),
    Feature(name="registry_penalties_365d", aggregate="count", of=PENALTIES, days=365, unit="count", lo=0, hi=MAX_EVENTS,
            sign=-1,
            why="fines cost money and licences", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="penalised {value} times in a year", zh="近一年行政处罚{value}次"),
    Feature(name="registry_penalties_1095d", aggregate="count", of=PENALTIES, days=1_095, unit="count", lo=0, hi=MAX_EVENTS,
            sign=-1, why="who breaks rules breaks contracts", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="penalised {value} times in three years", zh="近三年行政处罚{value}次"),
    Feature(name="registry_shares_bound_1095d", aggregate="count", of=SHARES_BOUND, days=1_095, unit="count", lo=0,
            hi=MAX_EVENTS,
            sign=-1, why="shares pledged or frozen answer for other debts", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="shares were pledged or frozen {value} times in three years", zh="近三年股权出质或冻结{value}次"),
    Feature(name="registry_chattels_mortgaged_1095d", aggregate="count", of=CHATTELS, days=1_095, unit="count", lo=0,
            hi=MAX_EVENTS,
            sign=-1, why="what is mortgaged already does not answer for our loan", cost_fen=REGISTRY_COST_FEN,
            seen_in=LOOKED, en="goods or machines were mortgaged {value} times in three years", zh="近三年动产抵押{value}次"),
)

PROFILE = (
    Feature(name="registry_age_days_180d", aggregate="days_since_stated", of=FOUNDED, days=180, unit="days", lo=0,
            hi=MAX_AGE_DAYS,
            sign=1, why="most firms that fail do so young", cost_fen=REGISTRY_COST_FEN,
            en="the firm is {value} old", zh="企业成立{value}"),
    Feature(name="registry_licence_left_days_180d", aggregate="days_until_stated", of=LICENCE, days=180, unit="days",
            lo=-MAX_AGE_DAYS, hi=MAX_AGE_DAYS, sign=1,
            why="a firm without a licence may not trade; one that ends soon may not be renewed",
            cost_fen=REGISTRY_COST_FEN, en="the licence holds for another {value}", zh="营业执照剩余有效期{value}"),
    Feature(name="registry_standing_180d", aggregate="last", of=LOOKS, days=180, unit="count", lo=0, hi=4, sign=-1,
            why="a firm that is being wound up repays nobody", cost_fen=REGISTRY_COST_FEN,
            en="state in the register, from 0 active to 4 cancelled: {value}", zh="登记状态（0存续至4注销）：{value}"),
    Feature(name="registry_standing_worst_1095d", aggregate="most", of=LOOKS, days=1_095, unit="count", lo=0, hi=4, sign=-1,
            why="what was out of order before will be again", cost_fen=REGISTRY_COST_FEN,
            en="worst state in the register in three years, from 0 active to 4 cancelled: {value}",
            zh="近三年最差登记状态（0存续至4注销）：{value}"),
    Feature(name="registry_capital_fen_180d", aggregate="last", of=CAPITAL, days=180, unit="fen", lo=0, hi=MAX_FEN, sign=0,
            why="registered capital is a promise of any size; for people who read the case", cost_fen=REGISTRY_COST_FEN,
            en="registered capital is {value}", zh="注册资本{value}"),
    Feature(name="registry_capital_paid_share_180d", aggregate="last", of=PAID, days=180, unit="ppm", lo=0, hi=ONE, sign=1,
            why="capital that was paid in is the owners' own stake", cost_fen=REGISTRY_COST_FEN,
            en="{value} of the registered capital is paid in", zh="实缴资本占注册资本的{value}"),
    Feature(name="registry_capital_change_fen_1095d", aggregate="change_of_value", of=CAPITAL, days=1_095, unit="fen",
            lo=-MAX_FEN,
            hi=MAX_FEN, sign=0, why="capital is put up to impress and taken down to escape", cost_fen=REGISTRY_COST_FEN,
            en="registered capital changed by {value} in three years", zh="近三年注册资本变动{value}"),
    Feature(name="registry_staff_180d", aggregate="last", of=STAFF, days=180, unit="count", lo=0, hi=MAX_THINGS, sign=1,
            why="a firm that insures people has people", cost_fen=REGISTRY_COST_FEN,
            en="{value} people are insured by the firm", zh="参保人数{value}人"),
    Feature(name="registry_staff_change_730d", aggregate="change_of_value", of=STAFF, days=730, unit="count", lo=-MAX_THINGS,
            hi=MAX_THINGS, sign=1, why="a firm in trouble lets people go first", cost_fen=REGISTRY_COST_FEN,
            en="the number of insured people changed by {value} in two years", zh="近两年参保人数变动{value}人"),
    Feature(name="registry_shareholders_180d", aggregate="last", of=HOLDERS, days=180, unit="count", lo=0, hi=MAX_THINGS,
            sign=0,
            why="one owner decides and fails alone; for people who read the case", cost_fen=REGISTRY_COST_FEN,
            en="the firm has {value} shareholders", zh="股东{value}名"),
    Feature(name="registry_owner_share_180d", aggregate="last", of=OWNER_SHARE, days=180, unit="ppm", lo=0, hi=ONE, sign=1,
            why="who applies should be who owns: a front owns little", cost_fen=REGISTRY_COST_FEN,
            en="the applying owner holds {value} of the firm", zh="申请人持股比例{value}"),
    Feature(name="registry_permits_180d", aggregate="last", of=PERMITS, days=180, unit="count", lo=0, hi=MAX_THINGS, sign=1,
            why="a permit is hard to get and shows a trade that is practised", cost_fen=REGISTRY_COST_FEN,
            en="{value} permits are in force", zh="有效许可{value}项"),
    Feature(name="registry_branches_180d", aggregate="last", of=BRANCHES, days=180, unit="count", lo=0, hi=MAX_THINGS, sign=0,
            why="branches are size and cost at once", cost_fen=REGISTRY_COST_FEN,
            en="the firm has {value} branches", zh="分支机构{value}家"),
    Feature(name="registry_scopes_730d", aggregate="distinct", of=SCOPES, days=730, unit="count", lo=0, hi=MAX_EVENTS, sign=-1,
            why="a trade that is rewritten again and again is none", cost_fen=REGISTRY_COST_FEN,
            en="{value} wordings of the business scope were seen in two years", zh="近两年经营范围版本{value}个"),
)
# fmt: on

#: Every feature of the business register, in the order of the data dictionary.
REGISTRY_FEATURES = (*EVENTS, *PROFILE)
