"""In: files of network addresses in MaxMind's format, a clear address. Out: fields of a sighting. Used: where an address is
hidden, for afterwards nobody can look it up.

Any database of that format is read by what it says, not by its name: anonymous-IP, enterprise, connection type, city, country.
What no file says is not known. Only a database of anonymous networks that does not have a public address says that it is clean.
Format: MaxMind DB 2.0; fields: MaxMind's GeoIP documentation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from weilend.core.errors import InputError

if TYPE_CHECKING:
    from maxminddb import Reader

#: Marks of a database of anonymous networks: those that hide who is behind them, and those of computers for hire.
_HIDES: Final = ("is_anonymous_vpn", "is_public_proxy", "is_residential_proxy", "is_tor_exit_node")
_HOSTS: Final = "is_hosting_provider"
#: What a database calls a network, and our word for it; a cable may end in a home or an office, so it says nothing.
_NETWORK_OF: Final[Mapping[str, str]] = {
    "hosting": "data_centre", "content_delivery_network": "data_centre", "cellular": "mobile", "residential": "home",
    "business": "office", "Cellular": "mobile", "Corporate": "office",
}  # fmt: skip


class Networks:
    """Databases that are asked together; what the first of them says holds.

    >>> Networks(()).look("8.8.8.8")
    {}
    """

    def __init__(self, readers: tuple[Reader, ...]) -> None:
        self._readers = readers

    def look(self, address: str) -> dict[str, str | bool]:
        """Return `ip_network`, `ip_region` (ISO 3166: country, first subdivision) and `is_proxy`, those that are known.

        A private address, and text that is no address, have none.
        """
        try:
            asked = ipaddress.ip_address(address.strip())
        except ValueError:
            return {}
        found: dict[str, str | bool] = {}
        if asked.is_global:
            for reader in self._readers:
                if asked.version == 4 or reader.metadata().ip_version == 6:
                    found = {**_tell(reader.metadata().database_type, reader.get(asked)), **found}
        return found


def open_networks(folder: Path) -> Networks | None:
    """Return the databases (*.mmdb, in the order of names) of a folder, None where it has none.

    Raises `InputError` for a file that is none, and where the optional reader is not installed.

    >>> open_networks(Path("no such folder")) is None
    True
    """
    files = sorted(folder.glob("*.mmdb"))
    return Networks(tuple(_open(path, path.stat().st_mtime_ns) for path in files)) if files else None


@lru_cache(maxsize=16)
def _open(path: Path, _changed_at: int) -> Reader:
    """Return a reader of a file, mapped into memory once for each version of it."""
    try:
        import maxminddb
    except ImportError:
        raise InputError(f"{path.name} cannot be read here", hint="install the extra: weilend[geoip]") from None
    try:
        return maxminddb.open_database(path)
    except (maxminddb.InvalidDatabaseError, OSError, ValueError) as error:
        raise InputError(f"{path.name} is no database of networks: {error}", hint="give a whole file, or remove it") from None


def _tell(database: str, said: Any) -> dict[str, str | bool]:
    """Return what the record of one database says, in our fields."""
    row: Mapping[str, Any] = said if isinstance(said, dict) else {}
    traits = {**row, **row.get("traits", {})}
    return dict([*_region(row), *_kind(traits), *_hidden(database, traits)])


def _region(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    country = row.get("country", {}).get("iso_code")
    parts = [part["iso_code"] for part in row.get("subdivisions", [])[:1] if "iso_code" in part]
    if country:
        yield "ip_region", "-".join([country, *parts])


def _kind(traits: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    named = _NETWORK_OF.get(traits.get("user_type") or traits.get("connection_type") or "")
    hides, hosts = any(traits.get(name) for name in _HIDES), traits.get(_HOSTS)
    network = "proxy" if hides else "data_centre" if hosts else named
    if network:
        yield "ip_network", network


def _hidden(database: str, traits: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    if "Anonymous" in database or any(name in traits for name in _HIDES):
        yield "is_proxy", any(traits.get(name) is True for name in _HIDES)
