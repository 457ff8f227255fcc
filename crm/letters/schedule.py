"""When a letter leaves: at a time of its reader's or the campaign's day, in office hours if wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import get_global

from crm.outbox.office_hours import OPENS, in_office_hours

# A letter that could not leave for so long after its time waits for a person.
LATE = timedelta(hours=12)

# Countries with several zones go by the clock of their capital.
_CAPITALS = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Hebron",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
    "XK": "Europe/Belgrade",
}


@lru_cache(maxsize=512)
def zone_of(country: str | None) -> str | None:
    """The IANA time zone of a country's capital (CLDR); None where no country is known, or it has none of its own."""
    if not country:
        return None
    if country in _CAPITALS:
        return _CAPITALS[country]
    zones = get_global("territory_zones").get(country, [])
    return str(zones[0]) if len(zones) == 1 else None


@dataclass(frozen=True)
class Schedule:
    """When letters may leave: `at` o'clock on `day` (none: as soon as they may), in the zone of each reader or in ours.

    With `office_hours`, a moment outside of them becomes the next opening, Monday to Friday from 9 to 17. A time that
    the change to summer time skips is the one an hour later; one that comes twice is the first.
    """

    day: date | None = None
    at: time | None = None
    zone: str = "UTC"
    readers_zone: bool = False
    office_hours: bool = False

    @property
    def time_of_day(self) -> time:
        """When on its day; where no time was chosen, as offices open."""
        return self.at or OPENS

    @property
    def asks_nothing(self) -> bool:
        """Whether letters leave as soon as they are approved."""
        return self.day is None and not self.office_hours

    def moment(self, country: str | None, now: datetime) -> datetime:
        """When a letter to that country may leave at the earliest, seen from `now`; in UTC."""
        zone = self._zone_for(country)
        wanted = now
        if self.day is not None:
            wanted = max(now, datetime.combine(self.day, self.time_of_day, zone).astimezone(UTC))
        if self.office_hours:
            wanted = in_office_hours(wanted.astimezone(zone))
        return wanted.astimezone(UTC)

    def office_zone(self, country: str | None) -> str | None:
        """The zone whose office hours a letter to that country keeps to, at whatever attempt; None: at any hour."""
        return self._zone_for(country).key if self.office_hours else None

    def has_passed(self, now: datetime) -> bool:
        """Whether its time is over in the campaign's zone, so that letters would leave at once."""
        if self.day is None:
            return False
        return datetime.combine(self.day, self.time_of_day, ZoneInfo(self.zone)) < now

    def is_to_come(self, countries: Iterable[str | None], now: datetime) -> bool:
        """Whether it names a time that no letter to these countries has reached yet."""
        if self.day is None:
            return False
        zones = {self._zone_for(country) for country in countries} or {ZoneInfo(self.zone)}
        return all(datetime.combine(self.day, self.time_of_day, zone) > now for zone in zones)

    def _zone_for(self, country: str | None) -> ZoneInfo:
        return ZoneInfo((zone_of(country) if self.readers_zone else None) or self.zone)
