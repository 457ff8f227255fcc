"""What the institutions that a table names are, a government, a parliament, of a state or a region: known or guessed.

The words behind a guess are in `facts/institution_words.csv`, those of a language on one line.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from crm.directory.models import HOLDERS_BY_RANK, Category, made_of_holders
from crm.directory.regional import country_governed
from crm.places.countries import country_code
from crm.places.regions import country_within, region_code, region_within
from crm.roster_import import labels
from crm.roster_import.labels import Body
from crm.roster_import.readers.source import shown
from crm.roster_import.records import Doubt, Item, Mandate, Problem, Record
from crm.text import fold

# What a person says of one that the file has by another label too, before that label.
SAME_AS = "as "
# The key in `Import.asked` of the organizations of the directory that people have said some are, by label.
SAME_AS_KNOWN = "same_as_known"
# A table with more different ones has something else in that column: of the others nobody is asked.
_MOST = 2_000
# Nobody wants to answer more questions.
_ASKED = 200


class Kind(StrEnum):
    """What an institution is."""

    GOVERNMENT = "government"  # of a state: its ministries, too
    REGIONAL_GOVERNMENT = "regional_government"
    PARLIAMENT = "parliament"  # of a state
    REGIONAL_PARLIAMENT = "regional_parliament"
    LOCAL = "local"  # of a town, a province, a county
    EU_INSTITUTION = "eu_institution"
    UN_BODY = "un_body"
    PARTNER = "partner"
    OTHER = "other"


# Its category, and what an office in it makes of a person where the category does not tell.
CATEGORY_OF: dict[Kind, tuple[Category, Category | None]] = {
    Kind.GOVERNMENT: (Category.GOVERNMENT, None),
    Kind.REGIONAL_GOVERNMENT: (Category.REGIONAL_GOVERNMENT, None),
    Kind.PARLIAMENT: (Category.PARLIAMENT, None),
    Kind.REGIONAL_PARLIAMENT: (Category.PARLIAMENT, Category.REGIONAL_MP),
    Kind.LOCAL: (Category.OTHER, None),
    Kind.EU_INSTITUTION: (Category.EU_INSTITUTION, None),
    Kind.UN_BODY: (Category.UN_BODY, None),
    Kind.PARTNER: (Category.PARTNER, None),
    Kind.OTHER: (Category.OTHER, None),
}
_OF_A_STATE = (Kind.GOVERNMENT, Kind.REGIONAL_GOVERNMENT, Kind.PARLIAMENT, Kind.REGIONAL_PARLIAMENT, Kind.LOCAL)
# Those that have regions of their own kind.
_OF_A_REGION = {Kind.GOVERNMENT: Kind.REGIONAL_GOVERNMENT, Kind.PARLIAMENT: Kind.REGIONAL_PARLIAMENT}
# What those who hold an office are called, where the institution does not tell.
_ROLES = (
    (
        re.compile(r"\b(?:consejer[oa]s?|conseller[as]?|landesminister\w*|assessore|regional minister)\b"),
        Kind.REGIONAL_GOVERNMENT,
    ),
    (
        re.compile(
            r"\b(?:regional mps?|msps?|landtagsabgeordnete\w*|diputad[oa]s? autonomic\w+|conseill\w+ region\w+"
            r"|consiglier\w+ regional\w+)\b"
        ),
        Kind.REGIONAL_PARLIAMENT,
    ),
    (re.compile(r"\b(?:minister\w*|ministr[oae]\w*|secretary of state|secretari[oa] de estado)\b"), Kind.GOVERNMENT),
    (
        re.compile(r"\b(?:mps?|member of parliament|deput\w+|diputad[oa]s?|senat?or\w*|abgeordnete\w*)\b"),
        Kind.PARLIAMENT,
    ),
)


class Origin(StrEnum):
    """Whence we know what an institution is."""

    KNOWN = "known"  # the directory has it
    TOLD = "told"  # a person has said so
    NAME = "name"  # its name tells
    ROLE = "role"  # guessed by what its people are called: to be confirmed
    UNKNOWN = "unknown"


@dataclass
class Seen:
    """An institution as a table names it: how many lines do, the country of all of them, what their people are.

    `regions` are the labels of the lines that tell a region and no country.
    """

    label: str
    people: int = 0
    countries: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)
    roles: Counter[Kind] = field(default_factory=Counter)

    @property
    def country(self) -> str | None:
        """The country of everybody in it, None where they are of several or of none that is told."""
        return next(iter(self.countries)) if len(self.countries) == 1 else None


@dataclass(frozen=True)
class Named:
    """An institution of a table and what it is; `category` is the known one's in the directory, where it has it.

    `home` is the country it is of itself, whoever is in it: the known one's, or the one its name tells. `same_as` is
    the label under which the file has it too, where a person has said so: it is filed under that one.
    """

    label: str
    people: int
    country: str | None
    kind: Kind
    origin: Origin
    category: Category | None = None
    home: str | None = None
    same_as: str = ""

    @property
    def is_unsure(self) -> bool:
        """Whether a person had better say."""
        unclear = self.origin in (Origin.ROLE, Origin.UNKNOWN)
        return unclear or (self.category is Category.OTHER and self.kind not in (Kind.OTHER, Kind.LOCAL))

    def as_json(self) -> dict[str, Any]:
        """As `Import.survey` keeps it; what it may be the same as is beside it."""
        return {
            "label": self.label,
            "people": self.people,
            "country": self.country,
            "kind": self.kind.value,
            "origin": self.origin.value,
            "unsure": self.is_unsure,
        }


class Collector:
    """The institutions of a table, gathered line by line, and the regions of lines that tell no country."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self.regions: set[str] = set()

    def add(self, item: Item) -> None:
        """Take a line in."""
        if not isinstance(item, Record) or item.told is not None:
            return
        region = item.region if not item.country and len(self.regions) < _MOST else ""
        self.regions.update([region] if region else [])
        for mandate in item.mandates:
            key = fold(mandate.institution)
            if not _is_open(mandate) or (key not in self.seen and len(self.seen) == _MOST):
                continue
            seen = self.seen.setdefault(key, Seen(mandate.institution))
            seen.people += 1
            country = country_code(item.country) if item.country else None
            if country:
                seen.countries.add(country)
            seen.regions.update([region] if region else [])
            seen.roles.update([kind] if (kind := _kind_of_role(mandate.post or mandate.role)) else [])


def _is_open(mandate: Mandate) -> bool:
    """Whether the source does not say what its institution is, nor a table of ours."""
    return not mandate.category and not labels.is_listed(mandate.institution)


@lru_cache(maxsize=1)
def _words() -> tuple[tuple[re.Pattern[str], Kind], ...]:
    with (labels.FACTS / "institution_words.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # Whole words, but for those of languages that write several as one: Innenministerium.
    return tuple(
        (re.compile(rf"{'' if row['language'] == 'de' else chr(92) + 'b'}(?:{row['words']})\b"), Kind(row["kind"]))
        for row in rows
    )


@lru_cache(maxsize=1024)
def _kind_of_role(role: str) -> Kind | None:
    folded = fold(role)
    return next((kind for pattern, kind in _ROLES if pattern.search(folded)), None)


def guess(label: str, country: str | None) -> Kind | None:
    """What the name of an institution says that it is, None where it does not say."""
    folded = fold(label)
    found = next((kind for pattern, kind in _words() if pattern.search(folded)), None)
    if found in _OF_A_REGION and region_within(label, country):
        return _OF_A_REGION[found]
    if found is None and country is not None and len(label) > 3 and region_code(label, country):
        return Kind.REGIONAL_GOVERNMENT
    return found


def kind_of(category: Category) -> Kind:
    """The kind that organizations of a category are of."""
    return next((kind for kind, (own, _holders) in CATEGORY_OF.items() if own is category), Kind.OTHER)


def settle(
    seen: Mapping[str, Seen],
    told: Mapping[str, str],
    known: Mapping[str, Sequence[tuple[Category, str | None]]],
    homes: Mapping[str, str],
) -> dict[str, Named]:
    """What each institution is (by its folded label): as the directory has it, as a person has `told`, or a guess.

    What is told is a `Kind`, or `SAME_AS` and the label of another one of the file. `known` has category and country
    of the organizations of that label, `homes` the country of each region.
    """
    for one in seen.values():
        one.countries |= {homes[region] for region in one.regions if region in homes}
    found = {key: _settled(one, told.get(key), known.get(key, ())) for key, one in seen.items()}
    named_twice = {key: fold(said.removeprefix(SAME_AS)) for key, said in told.items() if said.startswith(SAME_AS)}
    for key, head in named_twice.items():
        # Of three names of one, all are filed under the first.
        if key in found and head in found and head not in named_twice and found[key].origin is not Origin.KNOWN:
            own, other = found[key], found[head]
            found[key] = replace(other, label=own.label, people=own.people, origin=Origin.TOLD, same_as=other.label)
    return found


def _settled(one: Seen, told: str | None, known: Sequence[tuple[Category, str | None]]) -> Named:
    same = [(category, country) for category, country in known if one.country in (None, country) or country is None]
    home = _home(one.label, {country for _category, country in same})
    named = _kind_settled(one, told, [category for category, _country in same], one.country or home)
    if named.kind not in _OF_A_STATE:
        return replace(named, country=one.country)
    return replace(named, country=one.country if one.countries else home, home=home)


def _home(label: str, known: set[str | None]) -> str | None:
    """The country of an institution: that of the known ones, else the one a region of which its name names."""
    if len(known) == 1 and None not in known:
        return next(iter(known))
    if (found := country_governed(label)) is not None:
        return found
    return country_within(label) if guess(label, None) in _OF_A_REGION.values() else None


def _kind_settled(one: Seen, told: str | None, same: Sequence[Category], country: str | None) -> Named:
    if same and same[0] is not Category.OTHER:
        return Named(one.label, one.people, country, kind_of(same[0]), Origin.KNOWN, same[0])
    kind, origin = Kind.OTHER, Origin.UNKNOWN
    if told in set(Kind):
        kind, origin = Kind(told), Origin.TOLD
    elif (guessed := guess(one.label, country)) is not None:
        kind, origin = guessed, Origin.NAME
    elif one.roles:
        kind, origin = one.roles.most_common(1)[0][0], Origin.ROLE
    # One that is there as nothing in particular stays so until a person says what it is.
    return Named(one.label, one.people, country, kind, origin, same[0] if same else None)


def to_be_said(named: Iterable[Named], likely: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Those a person is asked about, as `Import.survey` keeps them: first what nobody knows, then those of most people.

    Those the directory knows what they are of are not among them. `likely` has, by label, the institutions (id, name,
    telling) of the directory that one may be: whether it is, only a person can say.
    """
    asked = [one for one in named if one.origin is not Origin.KNOWN]
    asked.sort(key=lambda one: (not (one.is_unsure or one.label in likely), -one.people, one.label))
    return [
        one.as_json()
        | (
            {"unsure": not one.same_as, "same": [vars(each) for each in likely[one.label]]}
            if one.label in likely
            else {}
        )
        for one in asked[:_ASKED]
    ]


def classified(item: Item, named: Mapping[str, Named], homes: Mapping[str, str]) -> Item:
    """The line with what its institutions are, and the country of its region or of them where it tells none."""
    if not isinstance(item, Record) or item.told is not None:
        return item
    item = _placed(item, homes) if item.region else item
    if not named or not any(_is_open(mandate) for mandate in item.mandates):
        return item
    if not item.country:
        found = [named[key].home for mandate in item.mandates if (key := fold(mandate.institution)) in named]
        item = replace(item, country=found[0] or "") if len(set(found)) == 1 else item
    return replace(item, mandates=tuple(_classified(mandate, item, named) for mandate in item.mandates))


def _placed(item: Record, homes: Mapping[str, str]) -> Record:
    """The line with the code of its region, of its offices too, and the country of that region where it tells none."""
    country = country_code(item.country) if item.country else homes.get(item.region)
    code = region_code(item.region, country)
    if code is None:
        doubts = (*item.doubts, Doubt("region", shown(item.region), Problem.UNKNOWN_REGION))
        return replace(item, country=item.country or country or "", region="", doubts=doubts)
    mandates = tuple(replace(mandate, region=code) for mandate in item.mandates)
    return replace(item, country=item.country or code.partition("-")[0], region=code, mandates=mandates)


def _classified(mandate: Mandate, item: Record, named: Mapping[str, Named]) -> Mandate:
    found = named.get(fold(mandate.institution)) if _is_open(mandate) else None
    if found is None:
        return mandate
    category, holders = CATEGORY_OF[found.kind]
    country = (found.country or item.country) if found.kind in _OF_A_STATE else ""
    known = found.category
    return replace(
        mandate,
        institution=found.same_as or mandate.institution,
        category=(known or category).value,
        holders=holders.value if holders and not known else "",
        country=country,
    )


def category_of(item: Item, day: date) -> Category | None:
    """What a line makes of a person by its offices that run on a day, else in its own words; None where it does not."""
    if not isinstance(item, Record):
        return None
    bodies: Iterable[Body] = (labels.institution_of(one) for one in item.mandates if not one.end or one.end >= day)
    held = [made_of_holders(body.category, body.holders_are, body.region) for body in bodies]
    ranked = sorted((one for one in held if one is not None), key=HOLDERS_BY_RANK.__getitem__)
    return ranked[0] if ranked else Category(item.category or Category.OTHER)
