"""In: nothing. Out: the features that read devices, behaviour and identity checks. Used: by feature sets of online applicants.

What a phone does not tell (NULL) is neither a mark nor its absence: shares are over rows that tell. Devices are those linked to the
business or its owners as known then. `sign` was declared before any data was seen.
"""

from __future__ import annotations

from weilend.features.spec import Feature, Part

FAR_METRES = 100_000  # network address and position this far apart are two places: beyond a city and its suburbs
OFF_SITE_METRES = 50_000  # further from the declared place of business than a daily commute
FAST_MILLISECONDS = 500  # no hand fills in a field in half a second
FORM_FIELD = "act = 'fill_field'"
CREDENTIALS = "act in ('change_phone', 'change_password', 'change_payee', 'change_device')"
FACE = "method in ('face', 'liveness', 'video_call')"
DECIDED = "outcome in ('pass', 'fail', 'unclear')"  # `unavailable` says nothing of the person

BY_DEVICE = Part("device_sighting", by="device_id")
BY_IP = Part("device_sighting", by="ip_id")
BY_IP_REGION = Part("device_sighting", by="ip_region")
BY_GPS_REGION = Part("device_sighting", by="gps_region")
BY_WIFI = Part("device_sighting", by="wifi_id")
BY_OWNER = Part("device_sighting", by="owner_id")
BY_BUSINESS = Part("device_sighting", by="business_id")
SEEN = Part("device_sighting")
EMULATOR = Part("device_sighting", "is_emulator")
ROOTED = Part("device_sighting", "is_rooted")
PROXY = Part("device_sighting", "is_proxy or ip_network = 'proxy'")
CLONED = Part("device_sighting", "is_cloned_app")
DEBUGGED = Part("device_sighting", "is_debugged")
RESET = Part("device_sighting", "is_reset")
GPS_FAKED = Part("device_sighting", "is_gps_faked")
MISMATCH = Part("device_sighting", "is_gps_mismatch")
MISMATCH_TOLD = Part("device_sighting", "is_gps_mismatch is not null")
FAR = Part("device_sighting", f"ip_gps_metres > {FAR_METRES}")
FAR_TOLD = Part("device_sighting", "ip_gps_metres is not null")
OFF_SITE = Part("device_sighting", f"gps_declared_metres > {OFF_SITE_METRES}")
OFF_SITE_TOLD = Part("device_sighting", "gps_declared_metres is not null")
HIDDEN_NETWORK = Part("device_sighting", "ip_network in ('data_centre', 'proxy')")
NETWORK_TOLD = Part("device_sighting", "ip_network is not null and ip_network <> 'unknown'")
FULL_BATTERY = Part("device_sighting", "battery_ppm = 1000000")
BATTERY_TOLD = Part("device_sighting", "battery_ppm is not null")
ACCOUNTS = Part("device_sighting", "", "accounts_count")
SEEN_ON = Part("device_sighting", "", "days_between(date '1970-01-01', happened_on)")

FIELD_TIME = Part("user_event", FORM_FIELD, "duration_ms")
FIELD_TIME_TOLD = Part("user_event", f"{FORM_FIELD} and duration_ms is not null")
FIELD_FAST = Part("user_event", f"{FORM_FIELD} and duration_ms < {FAST_MILLISECONDS}")
PASTE_TOLD = Part("user_event", f"{FORM_FIELD} and is_pasted is not null")
PASTED = Part("user_event", f"{FORM_FIELD} and is_pasted")
EDITS = Part("user_event", FORM_FIELD, "edits_count")
TERMS_TIME = Part("user_event", "act = 'read_terms'", "duration_ms")
LOGIN_FAILED = Part("user_event", "act = 'login_failed'")
CREDENTIAL_CHANGES = Part("user_event", CREDENTIALS)
PAYEE_CHANGES = Part("user_event", "act = 'change_payee'")
FORM_LEFT = Part("user_event", "act = 'leave_form'")
EVENTS = Part("user_event")
EVENTS_BY_DEVICE = Part("user_event", by="device_id")

CHECKED = Part("identity_check", DECIDED)
FAILED = Part("identity_check", "outcome = 'fail'")
FACE_FAILED = Part("identity_check", f"{FACE} and outcome = 'fail'")
FORGED = Part("identity_check", "looks_forged")
FACE_MATCH = Part("identity_check", f"{FACE} and {DECIDED}", "match_ppm")
PASSED_BY_METHOD = Part("identity_check", "outcome = 'pass'", by="method")
CHECKS_BY_DEVICE = Part("identity_check", by="device_id")
ATTEMPTS = Part("identity_check", "", "attempt_no")
PERSON = "method in ('name_and_id', 'id_number', 'face', 'liveness', 'video_call')"
PERSON_FAILED = Part("identity_check", f"{PERSON} and {DECIDED}", "case when outcome = 'fail' then 1 else 0 end")

ONE = 1_000_000
MAX_COUNT = 100_000_000
MAX_MILLISECONDS = 10**9
DEVICE_COST_FEN = 10  # a device fingerprint with network and position looked up (assumption: 0.10 yuan an applicant)
EVENT_COST_FEN = 0  # our own app tells it
IDENTITY_COST_FEN = 100  # a liveness check and the register's photo (assumption: 1 yuan an applicant)

# A table: one feature a line, as far as a line goes.
# fmt: off
DEVICE = (
    Feature(name="device_count_7d", aggregate="distinct", of=BY_DEVICE, days=7, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="many phones in few days are a workshop's", en="{value} devices in the last 7 days",
            zh="近7天使用设备{value}台"),
    Feature(name="device_count_30d", aggregate="distinct", of=BY_DEVICE, days=30, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="many phones in few days are a workshop's", en="{value} devices in the last 30 days",
            zh="近30天使用设备{value}台"),
    Feature(name="device_count_90d", aggregate="distinct", of=BY_DEVICE, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="many phones in few days are a workshop's", en="{value} devices in the last 90 days",
            zh="近90天使用设备{value}台"),
    Feature(name="device_ip_count_7d", aggregate="distinct", of=BY_IP, days=7, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="addresses that change by the hour hide somebody",
            en="{value} network addresses in the last 7 days", zh="近7天使用网络地址{value}个"),
    Feature(name="device_ip_count_30d", aggregate="distinct", of=BY_IP, days=30, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="addresses that change by the hour hide somebody",
            en="{value} network addresses in the last 30 days", zh="近30天使用网络地址{value}个"),
    Feature(name="device_ip_count_90d", aggregate="distinct", of=BY_IP, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="addresses that change by the hour hide somebody",
            en="{value} network addresses in the last 90 days", zh="近90天使用网络地址{value}个"),
    Feature(name="device_ip_region_count_7d", aggregate="distinct", of=BY_IP_REGION, days=7, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="nobody trades from many regions in a week",
            en="{value} regions of network addresses in the last 7 days", zh="近7天网络地址所在地区{value}个"),
    Feature(name="device_ip_region_count_30d", aggregate="distinct", of=BY_IP_REGION, days=30, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="nobody trades from many regions in a week",
            en="{value} regions of network addresses in the last 30 days", zh="近30天网络地址所在地区{value}个"),
    Feature(name="device_ip_region_count_90d", aggregate="distinct", of=BY_IP_REGION, days=90, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="nobody trades from many regions in a week",
            en="{value} regions of network addresses in the last 90 days", zh="近90天网络地址所在地区{value}个"),
    Feature(name="device_gps_region_count_30d", aggregate="distinct", of=BY_GPS_REGION, days=30, unit="count", lo=0,
            hi=MAX_COUNT, sign=-1, cost_fen=DEVICE_COST_FEN, why="nobody trades from many regions in a week",
            en="{value} regions of positions in the last 30 days", zh="近30天定位地区{value}个"),
    Feature(name="device_gps_region_count_90d", aggregate="distinct", of=BY_GPS_REGION, days=90, unit="count", lo=0,
            hi=MAX_COUNT, sign=-1, cost_fen=DEVICE_COST_FEN, why="nobody trades from many regions in a week",
            en="{value} regions of positions in the last 90 days", zh="近90天定位地区{value}个"),
    Feature(name="device_wifi_count_30d", aggregate="distinct", of=BY_WIFI, days=30, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            cost_fen=DEVICE_COST_FEN, why="says how much the owner moves", en="{value} Wi-Fi networks in the last 30 days",
            zh="近30天接入无线网络{value}个"),
    Feature(name="device_owner_count_30d", aggregate="distinct", of=BY_OWNER, days=30, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="a phone of many owners belongs to an agent",
            en="{value} owners on the devices in the last 30 days", zh="近30天设备上出现企业主{value}位"),
    Feature(name="device_owner_count_90d", aggregate="distinct", of=BY_OWNER, days=90, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="a phone of many owners belongs to an agent",
            en="{value} owners on the devices in the last 90 days", zh="近90天设备上出现企业主{value}位"),
    Feature(name="device_business_count_90d", aggregate="distinct", of=BY_BUSINESS, days=90, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="a phone of many firms belongs to an agent",
            en="{value} businesses on the devices in the last 90 days", zh="近90天设备上出现企业{value}家"),
    Feature(name="device_emulator_count_90d", aggregate="count", of=EMULATOR, days=90, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="an emulator is a farm, not a phone",
            en="{value} visits on an emulator in the last 90 days", zh="近90天模拟器访问{value}次"),
    Feature(name="device_rooted_count_90d", aggregate="count", of=ROOTED, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="an open system can be made to say anything",
            en="{value} visits with the system's locks open in the last 90 days", zh="近90天越狱或ROOT环境访问{value}次"),
    Feature(name="device_proxy_count_90d", aggregate="count", of=PROXY, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="who hides the network hides the place",
            en="{value} visits behind a proxy in the last 90 days", zh="近90天代理网络访问{value}次"),
    Feature(name="device_cloned_app_count_90d", aggregate="count", of=CLONED, days=90, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="a copied app is an agent's tool",
            en="{value} visits in a copy of the app in the last 90 days", zh="近90天多开或篡改应用访问{value}次"),
    Feature(name="device_debugged_count_90d", aggregate="count", of=DEBUGGED, days=90, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="somebody else holds the phone",
            en="{value} visits under remote control or debugging in the last 90 days", zh="近90天远程控制或调试访问{value}次"),
    Feature(name="device_reset_count_90d", aggregate="count", of=RESET, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="a phone set anew forgets who used it",
            en="{value} visits on a device just set anew in the last 90 days", zh="近90天刚恢复出厂设置访问{value}次"),
    Feature(name="device_gps_faked_count_90d", aggregate="count", of=GPS_FAKED, days=90, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=DEVICE_COST_FEN, why="a made position hides the place",
            en="{value} visits with a position set by software in the last 90 days", zh="近90天虚拟定位访问{value}次"),
    Feature(name="device_seen_count_30d", aggregate="count", of=SEEN, days=30, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            cost_fen=DEVICE_COST_FEN, why="says how much there is to judge by", en="{value} visits in the last 30 days",
            zh="近30天访问{value}次"),
    Feature(name="device_known_months_36m", aggregate="months_since_first", of=SEEN, months=36, unit="months", lo=0, hi=36,
            sign=1, cost_fen=DEVICE_COST_FEN, why="a phone known for long is a phone, not a tool",
            en="the devices have been known for {value}", zh="设备已知{value}"),
    Feature(name="device_known_days_1095d", aggregate="days_since_named_day", of=SEEN_ON, days=1095, unit="days", lo=0, hi=1_096,
            sign=1, cost_fen=DEVICE_COST_FEN, why="who takes over an account or rents a phone comes with one that nobody has seen",
            en="the first of the devices was seen {value} ago", zh="设备首次出现距今{value}"),
    Feature(name="device_gps_mismatch_share_90d", aggregate="share_of_count", of=MISMATCH, against=MISMATCH_TOLD, days=90,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=DEVICE_COST_FEN, why="network and position should be one place",
            en="network and position contradict each other in {value} of the visits", zh="网络与定位不一致的访问占{value}"),
    Feature(name="device_far_share_90d", aggregate="share_of_count", of=FAR, against=FAR_TOLD, days=90, unit="ppm", lo=0,
            hi=ONE, sign=-1, cost_fen=DEVICE_COST_FEN, why="network and position should be one place",
            en="in {value} of the visits network and position were over 100 km apart",
            zh="网络与定位相距100公里以上的访问占{value}"),
    Feature(name="device_off_site_share_90d", aggregate="share_of_count", of=OFF_SITE, against=OFF_SITE_TOLD, days=90,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=DEVICE_COST_FEN, why="a business is where its owner is",
            en="{value} of the visits were over 50 km from the place of business", zh="距经营地50公里以上的访问占{value}"),
    Feature(name="device_hidden_network_share_30d", aggregate="share_of_count", of=HIDDEN_NETWORK, against=NETWORK_TOLD,
            days=30, unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=DEVICE_COST_FEN, why="people do not live in data centres",
            en="{value} of the visits came from data centres and proxies", zh="来自机房或代理的访问占{value}"),
    Feature(name="device_full_battery_share_30d", aggregate="share_of_count", of=FULL_BATTERY, against=BATTERY_TOLD, days=30,
            unit="ppm", lo=0, hi=ONE, sign=0, cost_fen=DEVICE_COST_FEN,
            why="farms are always charged, and so is a phone at a desk", en="{value} of the visits had a full battery",
            zh="电量满格的访问占{value}"),
    Feature(name="device_accounts_most_90d", aggregate="most", of=ACCOUNTS, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=DEVICE_COST_FEN, why="a phone of many accounts belongs to an agent",
            en="up to {value} accounts on one device", zh="单台设备最多登录账号{value}个"),
)

BEHAVIOUR = (
    Feature(name="form_field_mean_ms_30d", aggregate="mean", of=FIELD_TIME, days=30, unit="count", lo=0, hi=MAX_MILLISECONDS,
            sign=0, cost_fen=EVENT_COST_FEN, why="both a script and somebody reading from a list have their pace",
            en="a field of the form took {value} milliseconds on average", zh="表单每项平均用时{value}毫秒"),
    Feature(name="form_field_spread_ms_30d", aggregate="std", of=FIELD_TIME, days=30, unit="count", lo=0, hi=MAX_MILLISECONDS,
            sign=0, cost_fen=EVENT_COST_FEN, why="a person hesitates here and hurries there; a script keeps its pace",
            en="the times of the form's fields spread by {value} milliseconds", zh="表单各项用时标准差{value}毫秒"),
    Feature(name="form_field_fast_share_30d", aggregate="share_of_count", of=FIELD_FAST, against=FIELD_TIME_TOLD, days=30,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=EVENT_COST_FEN, why="no hand fills in a field in half a second",
            en="{value} of the form's fields were filled in under half a second", zh="半秒内填完的表单项占{value}"),
    Feature(name="form_pasted_share_30d", aggregate="share_of_count", of=PASTED, against=PASTE_TOLD, days=30, unit="ppm", lo=0,
            hi=ONE, sign=-1, cost_fen=EVENT_COST_FEN, why="people know their own name and number by heart",
            en="{value} of the form's fields were pasted", zh="粘贴填写的表单项占{value}"),
    Feature(name="form_edits_count_30d", aggregate="sum", of=EDITS, days=30, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            cost_fen=EVENT_COST_FEN, why="says how sure somebody was of the answers", en="{value} corrections in the form",
            zh="表单修改{value}次"),
    Feature(name="form_left_count_90d", aggregate="count", of=FORM_LEFT, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            cost_fen=EVENT_COST_FEN, why="says how sure somebody was to apply", en="the form was left {value} times in 90 days",
            zh="近90天中途离开表单{value}次"),
    Feature(name="terms_read_mean_ms_30d", aggregate="mean", of=TERMS_TIME, days=30, unit="count", lo=0, hi=MAX_MILLISECONDS,
            sign=0, cost_fen=EVENT_COST_FEN, why="who means to repay reads, but not all who read repay",
            en="the terms were read for {value} milliseconds on average", zh="阅读条款平均{value}毫秒"),
    Feature(name="login_failed_count_7d", aggregate="count", of=LOGIN_FAILED, days=7, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=EVENT_COST_FEN, why="somebody else may be trying", en="{value} failed logins in 7 days",
            zh="近7天登录失败{value}次"),
    Feature(name="login_failed_count_30d", aggregate="count", of=LOGIN_FAILED, days=30, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=EVENT_COST_FEN, why="somebody else may be trying", en="{value} failed logins in 30 days",
            zh="近30天登录失败{value}次"),
    Feature(name="credential_change_count_7d", aggregate="count", of=CREDENTIAL_CHANGES, days=7, unit="count", lo=0,
            hi=MAX_COUNT, sign=-1, cost_fen=EVENT_COST_FEN, why="device, password and payee change hands together",
            en="{value} changes of phone, password, payee or device in 7 days",
            zh="近7天变更手机、密码、收款账户或设备{value}次"),
    Feature(name="credential_change_count_90d", aggregate="count", of=CREDENTIAL_CHANGES, days=90, unit="count", lo=0,
            hi=MAX_COUNT, sign=-1, cost_fen=EVENT_COST_FEN, why="device, password and payee change hands together",
            en="{value} changes of phone, password, payee or device in 90 days",
            zh="近90天变更手机、密码、收款账户或设备{value}次"),
    Feature(name="payee_change_count_30d", aggregate="count", of=PAYEE_CHANGES, days=30, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=EVENT_COST_FEN, why="a new payee before a loan is the thief's account",
            en="{value} changes of payee in 30 days", zh="近30天变更收款账户{value}次"),
    Feature(name="user_device_count_30d", aggregate="distinct", of=EVENTS_BY_DEVICE, days=30, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=EVENT_COST_FEN, why="one person has few phones", en="acted on {value} devices in 30 days",
            zh="近30天操作设备{value}台"),
    Feature(name="user_active_days_90d", aggregate="active_days", of=EVENTS, days=90, unit="days", lo=0, hi=91, sign=0,
            cost_fen=EVENT_COST_FEN, why="says how much there is to judge by", en="active on {value} of the last 90",
            zh="近90天活跃天数{value}"),
)

IDENTITY = (
    Feature(name="identity_fail_count_7d", aggregate="count", of=FAILED, days=7, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=IDENTITY_COST_FEN, why="who is not whom they say tries again",
            en="{value} failed identity checks in 7 days", zh="近7天身份核验失败{value}次"),
    Feature(name="identity_fail_count_30d", aggregate="count", of=FAILED, days=30, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            cost_fen=IDENTITY_COST_FEN, why="who is not whom they say tries again",
            en="{value} failed identity checks in 30 days", zh="近30天身份核验失败{value}次"),
    Feature(name="identity_fail_share_90d", aggregate="share_of_count", of=FAILED, against=CHECKED, days=90, unit="ppm", lo=0,
            hi=ONE, sign=-1, cost_fen=IDENTITY_COST_FEN, why="who is not whom they say tries again",
            en="{value} of the identity checks of 90 days failed", zh="近90天身份核验失败占{value}"),
    Feature(name="liveness_fail_count_30d", aggregate="count", of=FACE_FAILED, days=30, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=IDENTITY_COST_FEN, why="masks and screens fail the living-face check",
            en="{value} failed checks of the living face in 30 days", zh="近30天活体人脸核验失败{value}次"),
    Feature(name="liveness_fail_count_90d", aggregate="count", of=FACE_FAILED, days=90, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=IDENTITY_COST_FEN, why="masks and screens fail the living-face check",
            en="{value} failed checks of the living face in 90 days", zh="近90天活体人脸核验失败{value}次"),
    Feature(name="identity_forged_count_365d", aggregate="count", of=FORGED, days=365, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, cost_fen=IDENTITY_COST_FEN, why="who edits a document once will again",
            en="{value} documents or faces with signs of forgery in a year", zh="近365天疑似伪造证件或人脸{value}次"),
    Feature(name="face_match_least_365d", aggregate="least", of=FACE_MATCH, days=365, unit="ppm", lo=0, hi=ONE, sign=1,
            cost_fen=IDENTITY_COST_FEN, why="a face that is hardly alike may be another's",
            en="the least alike face matched by {value}", zh="人脸比对最低相似度{value}"),
    Feature(name="identity_last_failed_30d", aggregate="last", of=PERSON_FAILED, days=30, unit="count", lo=0, hi=1, sign=-1,
            cost_fen=IDENTITY_COST_FEN, why="who fails and passes later mistyped; who ends on a failure is not whom they say",
            en="the newest check of the person failed ({value})", zh="最近一次本人核验未通过（{value}）"),
    Feature(name="identity_methods_passed_365d", aggregate="distinct", of=PASSED_BY_METHOD, days=365, unit="count", lo=0, hi=12,
            sign=1, cost_fen=IDENTITY_COST_FEN, why="each way of checking has to be beaten by itself",
            en="{value} ways of checking were passed in a year", zh="近365天通过的核验方式{value}种"),
    Feature(name="identity_device_count_90d", aggregate="distinct", of=CHECKS_BY_DEVICE, days=90, unit="count", lo=0,
            hi=MAX_COUNT, sign=-1, cost_fen=IDENTITY_COST_FEN, why="one face on many phones is a face for hire",
            en="checked on {value} devices in 90 days", zh="近90天核验使用设备{value}台"),
    Feature(name="identity_attempts_most_90d", aggregate="most", of=ATTEMPTS, days=90, unit="count", lo=0, hi=10_000, sign=-1,
            cost_fen=IDENTITY_COST_FEN, why="people pass at the first try", en="up to {value} attempts in 90 days",
            zh="近90天单次核验最多尝试{value}次"),
)
# fmt: on

#: Declaration order.
DEVICE_FEATURES = (*DEVICE, *BEHAVIOUR, *IDENTITY)
