"""In: nothing. Out: the features that read bureau reports and identity checks of owners. Used: by the feature set of this theme.

A report is a state: of each owner the last one within 180 days counts, then the worst owner (queries, delays) or the sum of the
owners (what is owed). A business may have several owners, and each may bring a report. No file is a fact of its own, not a clean
file: rows without a file carry no figures, so that figures are not known there.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.spec import Feature, Part

ABOUT_OWNER = "about_whom = 'owner'"
ABOUT_BUSINESS = "about_whom = 'business'"


def _owner(value: str, where: str = "found") -> Part:
    return Part("bureau_report", f"{ABOUT_OWNER} and {where}", value, "owner_id")


def _business(value: str) -> Part:
    return Part("bureau_report", f"{ABOUT_BUSINESS} and found", value, "business_id")


#: Debt without security over all debt; in steps of 10 ppm, for in ppm the product might not fit into 64 bits.
UNSECURED = "least(div(unsecured_outstanding_fen * 100000, outstanding_fen), 100000) * 10"
LENDERS = _owner("lenders_count")
OUTSTANDING = _owner("outstanding_fen")
LOANS_OPENED = _owner("loans_opened_6m_count")
NO_FILE = _owner("case when found then 0 else 1 end", "true")

FAILED = Part("identity_check", "outcome = 'fail'")
JUDGED = Part("identity_check", "outcome in ('pass', 'fail')")
FORGED = Part("identity_check", "looks_forged")
ATTEMPTS = Part("identity_check", "", "attempt_no")
FACE = Part("identity_check", "method = 'face'", "match_ppm", "owner_id")
DOCUMENT = Part("identity_check", "method = 'id_document'", "days_between(happened_on, document_until_on)", "owner_id")
DEVICES = Part("identity_check", "", by="device_id")

ONE = 1_000_000
MAX_SUM_FEN = 100 * MAX_FEN
MAX_THINGS = 10**9
MAX_RATIO = 1_000 * ONE
MAX_DAYS = 200 * 366
#: Assumption: one report of a licensed bureau, ¥5 an owner.
BUREAU_COST_FEN = 500
#: Assumption: one online check of name, number, face and card, ¥1 an owner.
IDENTITY_COST_FEN = 100

# A table: one feature a line, as far as a line goes.
# fmt: off
HUNGER = (
    Feature(name="owner_queries_1m_180d", aggregate="standing_most", of=_owner("queries_1m_count"), days=180, unit="count", lo=0,
            hi=MAX_THINGS, sign=-1, why="who asks everywhere was refused somewhere", cost_fen=BUREAU_COST_FEN,
            en="the last report shows {value} credit enquiries in 1 month", zh="征信近1个月查询{value}次"),
    Feature(name="owner_queries_3m_180d", aggregate="standing_most", of=_owner("queries_3m_count"), days=180, unit="count", lo=0,
            hi=MAX_THINGS, sign=-1, why="who asks everywhere was refused somewhere", cost_fen=BUREAU_COST_FEN,
            en="the last report shows {value} credit enquiries in 3 months", zh="征信近3个月查询{value}次"),
    Feature(name="owner_queries_6m_180d", aggregate="standing_most", of=_owner("queries_6m_count"), days=180, unit="count", lo=0,
            hi=MAX_THINGS, sign=-1, why="who has been asking for long has been short for long", cost_fen=BUREAU_COST_FEN,
            en="the last report shows {value} credit enquiries in 6 months", zh="征信近6个月查询{value}次"),
    Feature(name="owner_query_lenders_3m_180d", aggregate="standing_most", of=_owner("query_lenders_3m_count"), days=180,
            unit="count",
            lo=0, hi=MAX_THINGS, sign=-1, why="many lenders at once is how loans are stacked", cost_fen=BUREAU_COST_FEN,
            en="the last report shows enquiries of {value} lenders in 3 months", zh="征信近3个月查询机构{value}家"),
    Feature(name="owner_loans_opened_6m_180d", aggregate="standing_most", of=LOANS_OPENED, days=180, unit="count", lo=0,
            hi=MAX_THINGS, sign=-1, why="new loans are not yet felt in the cash flow", cost_fen=BUREAU_COST_FEN,
            en="the last report shows {value} loans opened in 6 months", zh="征信近6个月新增贷款{value}笔"),
    Feature(name="owner_lenders_change_365d", aggregate="standing_change", of=LENDERS, days=365, unit="count", lo=-MAX_THINGS,
            hi=MAX_THINGS, sign=-1, why="each new lender pays an old one, until none is left", cost_fen=BUREAU_COST_FEN,
            en="between the first and the last report of a year lenders changed by {value}",
            zh="近一年在贷机构数变动{value}家"),
    Feature(name="owner_outstanding_change_fen_365d", aggregate="standing_change", of=OUTSTANDING, days=365, unit="fen",
            lo=-MAX_FEN,
            hi=MAX_FEN, sign=-1, why="debt that grows faster than the business is not for the business",
            cost_fen=BUREAU_COST_FEN,
            en="between the first and the last report of a year debt changed by {value}", zh="近一年负债变动{value}"),
)

DEBT = (
    Feature(name="owner_lenders_180d", aggregate="standing_most", of=LENDERS, days=180, unit="count", lo=0, hi=MAX_THINGS,
            sign=-1,
            why="the number of lenders predicts default better than the sum owed", cost_fen=BUREAU_COST_FEN,
            en="the owner owes {value} lenders", zh="企业主在贷机构{value}家"),
    Feature(name="owner_small_loan_lenders_180d", aggregate="standing_most", of=_owner("lenders_small_loan_count"), days=180,
            unit="count", lo=0, hi=MAX_THINGS, sign=-1, why="who borrows dear could not borrow cheap", cost_fen=BUREAU_COST_FEN,
            en="the owner owes {value} small-loan or consumer-finance companies", zh="企业主小贷及消金在贷机构{value}家"),
    Feature(name="owner_loans_open_180d", aggregate="standing_most", of=_owner("loans_open_count"), days=180, unit="count", lo=0,
            hi=MAX_THINGS, sign=-1, why="many loans are many days on which something is due", cost_fen=BUREAU_COST_FEN,
            en="the owner has {value} open loans", zh="企业主未结清贷款{value}笔"),
    Feature(name="owner_outstanding_fen_180d", aggregate="standing_sum", of=OUTSTANDING, days=180, unit="fen", lo=0,
            hi=MAX_SUM_FEN,
            sign=0, why="what is owed must be set against what comes in; alone it also measures size", cost_fen=BUREAU_COST_FEN,
            en="the owners owe {value}", zh="企业主负债合计{value}"),
    Feature(name="owner_monthly_due_fen_180d", aggregate="standing_sum", of=_owner("monthly_due_fen"), days=180, unit="fen",
            lo=0,
            hi=MAX_SUM_FEN, sign=0, why="what is due each month comes before our instalment; limits are reckoned with it",
            cost_fen=BUREAU_COST_FEN, en="the owners' instalments come to {value} a month", zh="企业主每月应还{value}"),
    Feature(name="owner_unsecured_share_180d", aggregate="standing_most", of=_owner(UNSECURED, "found and outstanding_fen > 0"),
            days=180, unit="ppm", lo=0, hi=ONE, sign=-1, why="who owns something can borrow against it",
            cost_fen=BUREAU_COST_FEN,
            en="{value} of the owner's debt is unsecured", zh="企业主无担保负债占{value}"),
    Feature(name="owner_utilisation_180d", aggregate="standing_most", of=_owner("utilisation_ppm"), days=180, unit="ppm", lo=0,
            hi=MAX_RATIO, sign=-1, why="a drawn limit is a reserve that is gone", cost_fen=BUREAU_COST_FEN,
            en="{value} of the owner's cards and revolving lines is drawn", zh="企业主授信使用率{value}"),
    Feature(name="owner_guarantees_180d", aggregate="standing_most", of=_owner("guarantees_count"), days=180, unit="count", lo=0,
            hi=MAX_THINGS, sign=-1, why="guarantees fall due together, in bad times", cost_fen=BUREAU_COST_FEN,
            en="the owner guarantees {value} loans of others", zh="企业主对外担保{value}笔"),
    Feature(name="owner_guarantees_fen_180d", aggregate="standing_sum", of=_owner("guarantees_fen"), days=180, unit="fen", lo=0,
            hi=MAX_SUM_FEN, sign=-1, why="guarantees fall due together, in bad times", cost_fen=BUREAU_COST_FEN,
            en="the owners guarantee {value} of others' debt", zh="企业主对外担保余额{value}"),
)

CONDUCT = (
    Feature(name="owner_dpd_180d", aggregate="standing_most", of=_owner("dpd"), days=180, unit="days", lo=0, hi=36_525, sign=-1,
            why="who is late elsewhere will be late with us", cost_fen=BUREAU_COST_FEN,
            en="the last report shows {value} past due", zh="征信当前逾期{value}"),
    Feature(name="owner_max_dpd_12m_180d", aggregate="standing_most", of=_owner("max_dpd_12m"), days=180, unit="days", lo=0,
            hi=36_525,
            sign=-1, why="who was late will be late", cost_fen=BUREAU_COST_FEN,
            en="the last report shows at most {value} past due in 12 months", zh="征信近12个月最长逾期{value}"),
    Feature(name="owner_max_dpd_24m_180d", aggregate="standing_most", of=_owner("max_dpd_24m"), days=180, unit="days", lo=0,
            hi=36_525,
            sign=-1, why="who was late will be late", cost_fen=BUREAU_COST_FEN,
            en="the last report shows at most {value} past due in 24 months", zh="征信近24个月最长逾期{value}"),
    Feature(name="owner_overdue_months_24m_180d", aggregate="standing_most", of=_owner("overdue_months_24m_count"), days=180,
            unit="months", lo=0, hi=24, sign=-1, why="being late again and again is a habit or a hole",
            cost_fen=BUREAU_COST_FEN,
            en="the last report shows something overdue in {value} of 24", zh="征信近24个月逾期月数{value}"),
    Feature(name="owner_overdue_fen_180d", aggregate="standing_sum", of=_owner("overdue_fen"), days=180, unit="fen", lo=0,
            hi=MAX_SUM_FEN, sign=-1, why="what is overdue will be paid from our loan", cost_fen=BUREAU_COST_FEN,
            en="the owners are overdue with {value}", zh="企业主当前逾期金额{value}"),
    Feature(name="owner_write_offs_180d", aggregate="standing_most", of=_owner("write_offs_count"), days=180, unit="count", lo=0,
            hi=MAX_THINGS, sign=-1, why="a loan that was written off was not repaid", cost_fen=BUREAU_COST_FEN,
            en="{value} loans of the owner were written off, sold or compensated", zh="企业主呆账及代偿{value}笔"),
    Feature(name="owner_no_file_180d", aggregate="standing_most", of=NO_FILE, days=180, unit="count", lo=0, hi=1, sign=0,
            why="no file is not a clean file; policies decide what it means", cost_fen=BUREAU_COST_FEN,
            en="the bureau has no file on an owner (1) or has one on each (0): {value}",
            zh="企业主征信白户（1是0否）：{value}"),
    Feature(name="owner_credit_age_days_365d", aggregate="days_since_stated",
            of=_owner("days_between(first_loan_on, happened_on)"),
            days=365, unit="days", lo=0, hi=MAX_DAYS, sign=1, why="long credit was repaid for long", cost_fen=BUREAU_COST_FEN,
            en="the owner's first loan was {value} ago", zh="企业主首笔贷款距今{value}"),
    Feature(name="business_dpd_180d", aggregate="standing_most", of=_business("dpd"), days=180, unit="days", lo=0, hi=36_525,
            sign=-1,
            why="a firm that is late elsewhere will be late with us", cost_fen=BUREAU_COST_FEN,
            en="the last report of the business shows {value} past due", zh="企业征信当前逾期{value}"),
    Feature(name="business_lenders_180d", aggregate="standing_most", of=_business("lenders_count"), days=180, unit="count", lo=0,
            hi=MAX_THINGS, sign=-1, why="the number of lenders predicts default better than the sum owed",
            cost_fen=BUREAU_COST_FEN,
            en="the business owes {value} lenders", zh="企业在贷机构{value}家"),
    Feature(name="business_outstanding_fen_180d", aggregate="standing_sum", of=_business("outstanding_fen"), days=180,
            unit="fen",
            lo=0, hi=MAX_SUM_FEN, sign=0, why="what is owed must be set against what comes in; alone it also measures size",
            cost_fen=BUREAU_COST_FEN, en="the business owes {value}", zh="企业负债{value}"),
)

IDENTITY = (
    Feature(name="identity_failed_checks_90d", aggregate="count", of=FAILED, days=90, unit="count", lo=0, hi=MAX_THINGS,
            sign=-1,
            why="who fails and tries again may be somebody else", cost_fen=IDENTITY_COST_FEN,
            en="{value} identity checks failed in 90 days", zh="近90天身份核验失败{value}次"),
    Feature(name="identity_fail_share_365d", aggregate="share_of_count", of=FAILED, against=JUDGED, days=365, unit="ppm", lo=0,
            hi=ONE,
            sign=-1, why="the right person passes", cost_fen=IDENTITY_COST_FEN,
            en="{value} of the year's identity checks failed", zh="近一年身份核验失败率{value}"),
    Feature(name="identity_forged_365d", aggregate="count", of=FORGED, days=365, unit="count", lo=0, hi=MAX_THINGS, sign=-1,
            why="a mask, a screen or an edit is a deed, not an accident", cost_fen=IDENTITY_COST_FEN,
            en="{value} identity checks of a year showed signs of forgery", zh="近一年身份核验疑似伪造{value}次"),
    Feature(name="identity_attempts_30d", aggregate="most", of=ATTEMPTS, days=30, unit="count", lo=1, hi=10_000, sign=-1,
            why="many attempts are somebody learning how to pass", cost_fen=IDENTITY_COST_FEN,
            en="an identity check of the last 30 days took {value} attempts", zh="近30天单项核验最多尝试{value}次"),
    Feature(name="identity_face_match_180d", aggregate="standing_least", of=FACE, days=180, unit="ppm", lo=0, hi=ONE, sign=1,
            why="a face that hardly matches may be a relative's", cost_fen=IDENTITY_COST_FEN,
            en="the last face check matched by {value}", zh="最近人脸比对相似度{value}"),
    Feature(name="identity_document_left_days_365d", aggregate="days_until_stated", of=DOCUMENT, days=365, unit="days",
            lo=-MAX_DAYS,
            hi=MAX_DAYS, sign=0, why="a document past its day cannot be signed with; policies draw the line",
            cost_fen=IDENTITY_COST_FEN,
            en="the owner's document holds for another {value}", zh="企业主证件剩余有效期{value}"),
    Feature(name="identity_devices_90d", aggregate="distinct", of=DEVICES, days=90, unit="count", lo=0, hi=MAX_THINGS, sign=-1,
            why="one person uses one or two devices; an intermediary many", cost_fen=IDENTITY_COST_FEN,
            en="identity was checked from {value} devices in 90 days", zh="近90天身份核验设备{value}台"),
)
# fmt: on

#: Every feature of the owner, in the order of the data dictionary.
OWNER_FEATURES = (*HUNGER, *DEBT, *CONDUCT, *IDENTITY)
