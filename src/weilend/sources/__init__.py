"""Raw files ↔ records: one profile per real format, read and written from the same table; quarantine; identity."""

from weilend.sources.batch import Accounting, Batch, FileCount, account, add_up, join
from weilend.sources.churn import Churn, read_churn, write_churn
from weilend.sources.cumcm2020c import CUMCM2020C
from weilend.sources.identity import first_seen, identify, record_ids
from weilend.sources.profile import PROFILES, Profile, register
from weilend.sources.reader import detect, read, read_files
from weilend.sources.writer import write

__all__ = [
    "CUMCM2020C",
    "PROFILES",
    "Accounting",
    "Batch",
    "Churn",
    "FileCount",
    "Profile",
    "account",
    "add_up",
    "detect",
    "first_seen",
    "identify",
    "join",
    "read",
    "read_churn",
    "read_files",
    "record_ids",
    "register",
    "write",
    "write_churn",
]
