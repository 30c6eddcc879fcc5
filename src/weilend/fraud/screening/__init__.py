"""Names on watch lists: hanzi, pinyin, aliases and credit codes compared, ranked, and explained part by part."""

from weilend.fraud.screening.names import Name, parse_name
from weilend.fraud.screening.screen import Alike, Listed, Match, Screen

__all__ = ["Alike", "Listed", "Match", "Name", "Screen", "parse_name"]
