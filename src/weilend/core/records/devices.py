"""In: nothing. Out: the records of devices and behaviour: device_sighting, user_event, campaign_touch. Used: by features
of devices, by fraud signals, and by growth.
"""

from __future__ import annotations

from weilend.core.records.frame import boolean, count, fen, make_kind, number, optional, ppm, text

DEVICE_SIGHTING = make_kind(
    "device_sighting",
    "device_id owner_id business_id",
    "A device was seen at one of our doors.",
    text("occasion", "what it was doing", "register", "login", "browse", "apply", "sign", "draw", "repay", "other"),
    *optional(
        text("ip_id", "address of the network"),
        text("ip_network", "kind of network", "mobile", "home", "office", "data_centre", "proxy", "unknown"),
        text("ip_region", "region code of the address"),
        text("wifi_id", "Wi-Fi it was in"),
        text("cell_id", "cell of the mobile network"),
        text("gps_region", "region code of the position"),
        text("gps_cell", "geohash of the position, six signs: about a kilometre"),
        number("ip_gps_metres", "distance from network address to position", 0, 20_100_000, "metres"),
        number("gps_declared_metres", "distance from position to the declared place of business", 0, 20_100_000, "metres"),
        boolean("is_gps_mismatch", "network and position contradict each other"),
        boolean("is_gps_faked", "the position is set by software"),
        boolean("is_emulator", "no real device"),
        boolean("is_rooted", "the system's locks are open (root, jailbreak)"),
        boolean("is_proxy", "behind a proxy or private network"),
        boolean("is_cloned_app", "our app runs in a copy or is changed"),
        boolean("is_debugged", "remote control, debugging or a click machine"),
        boolean("is_reset", "set to factory state within a day"),
        text("os", "system", "android", "ios", "harmony", "windows", "mac", "linux", "other"),
        text("model", "model of the device"),
        number("battery_ppm", "charge", 0, 1_000_000, "ppm"),
        count("accounts_count", "accounts that the device itself has seen"),
    ),
)

USER_EVENT = make_kind(
    "user_event",
    "owner_id device_id business_id",
    "A person did something in our app or site.",
    text(
        "act", "what was done", "open", "register", "login", "login_failed", "view", "calculate", "start_form", "fill_field",
        "submit_form", "leave_form", "upload", "read_terms", "change_phone", "change_password", "change_payee", "change_device",
        "ask_staff", "complain", "close_account",
    ),
    *optional(
        text("page", "page or field"),
        text("session_id", "session"),
        number("duration_ms", "how long it took", 0, 10**9, "milliseconds"),
        boolean("is_pasted", "pasted, not typed"),
        count("edits_count", "corrections while filling in"),
        ppm("scrolled_ppm", "share of the page that was seen"),
        fen("amount_fen", "amount entered, where one was", lo=0),
    ),
)  # fmt: skip

CAMPAIGN_TOUCH = make_kind(
    "campaign_touch",
    "owner_id business_id",
    "We reached for an owner, or chose not to; each step is a record.",
    text("campaign_id", "campaign"),
    text("channel", "by which way", "message", "call", "push", "in_app", "wechat", "email", "ad", "partner", "agent", "none"),
    text(
        "stage", "how far it came", "chosen", "held_out", "sent", "delivered", "seen", "clicked", "applied", "refused",
        "unsubscribed",
    ),
    *optional(
        text("arm", "experiment arm"),
        text("treatment", "what was said or offered"),
        text("agent_id", "who brought or called them"),
        ppm("chance_ppm", "chance with which this arm was drawn"),
        fen("cost_fen", "what it cost", lo=0),
        number("offered_rate_ppm", "yearly rate named", 0, 10_000_000, "ppm"),
        fen("offered_limit_fen", "limit named", lo=0),
    ),
)  # fmt: skip
