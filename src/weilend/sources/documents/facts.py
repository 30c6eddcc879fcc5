"""In: two ways to the same figure within one file. Out: the reconciliation record that says whether they agree. Used: by
readers.
"""

from __future__ import annotations

from datetime import date

from weilend.core.money import PPM
from weilend.core.records.frame import MAX_PPM
from weilend.sources.documents.tray import Draft, Tray


def tell_fact(
    tray: Tray,
    check_name: str,
    on: date,
    *,
    expected_fen: int | None = None,
    found_fen: int | None = None,
    checked_count: int = 1,
    failed_count: int = 0,
    business_id: str | None = None,
    account_id: str | None = None,
    period: tuple[date, date] | None = None,
    lag_days: int = 0,
) -> None:
    """Keep one fact about the file of a tray: it holds where nothing failed. It happens at the end of `on`.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources.intake import Intake
    >>> tray = Tray("camt", Intake(calendar=Calendar(), consent_id="own-data", business_id="B1"), "a.xml", b"")
    >>> tell_fact(tray, "statement_sums", date(2020, 1, 31), expected_fen=100, found_fen=90, failed_count=1)
    >>> fact = tray.batch().records["reconciliation"].to_pylist()[0]
    >>> fact["holds"], fact["direction"], fact["gap_ppm"]
    (False, 'below', -100000)
    """
    first, last = period or (None, None)
    fields = {
        "business_id": business_id or tray.intake.business_id or None,
        "check_name": check_name,
        "holds": failed_count == 0,
        "expected_fen": expected_fen,
        "found_fen": found_fen,
        "checked_count": checked_count,
        "failed_count": failed_count,
        "account_id": account_id,
        "file_id": tray.file_id,
        "period_start_on": first,
        "period_end_on": last,
    }
    if expected_fen is not None and found_fen is not None:
        fields["direction"] = ("equal", "above", "below")[(found_fen > expected_fen) - (found_fen < expected_fen)]
        fields["gap_ppm"] = _gap_ppm(expected_fen, found_fen)
    end = tray.end_of(on)
    known = tray.end_of(on, lag_days)
    tray.about_file(Draft(kind="reconciliation", fields=fields, happened_at=end, happened_on=on, known_at=known))


def _gap_ppm(expected_fen: int, found_fen: int) -> int | None:
    """Return found over expected less one, rounded towards zero; None against nothing or beyond a thousandfold."""
    if expected_fen == 0:
        return None
    difference = (found_fen - expected_fen) * PPM
    gap = abs(difference) // abs(expected_fen) * (1 if difference >= 0 else -1)
    return gap if abs(gap) <= MAX_PPM else None
