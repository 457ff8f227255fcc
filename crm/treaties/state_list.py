"""The states of a treaty's page: which are asked for, in which order, and what is shown of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Self

from flask_babel import get_locale, gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from crm import i18n
from crm.places.countries import countries_meant, country_name
from crm.places.european_union import eu_members
from crm.places.states import WorldRegion, alpha_3, un_members
from crm.text import fold
from crm.treaties.labels import CONFIDENCES, EU, KINDS, act_day
from crm.treaties.models import ActionKind, Confidence, Standing
from crm.treaties.queries import ActionRow, StateRow, TreatyStatus


class Order(StrEnum):
    """What the states are ordered by."""

    NAME = "name"
    SIGNED = "signed"
    BOUND = "bound"


@dataclass(frozen=True)
class StateFilter:
    """Conditions that all hold; one left out asks nothing. `region` is EU or a code of WorldRegion."""

    as_of: date
    standing: Standing | None = None
    region: str = ""
    text: str = ""
    order: Order = Order.NAME
    descending: bool = False

    @classmethod
    def from_args(cls, args: Mapping[str, str] | MultiDict[str, str]) -> Self:
        """Read the filter from query arguments. Raises BadRequest for nonsense."""
        sort = args.get("sort", "").strip()
        name, value = "", ""
        try:
            name, value = "as_of", args.get("as_of", "").strip()
            as_of = date.fromisoformat(value) if value else i18n.today()
            name, value = "standing", args.get("standing", "").strip()
            standing = Standing(value) if value else None
            name, value = "region", args.get("region", "").strip()
            region = value if value in ("", EU) else WorldRegion(value).value
            name, value = "sort", sort.removeprefix("-")
            order = Order(value) if value else Order.NAME
        except ValueError:
            raise BadRequest(
                gettext("The filter in this address is damaged: %(name)s cannot be %(value)s.", name=name, value=value)
            ) from None
        return cls(as_of, standing, region, args.get("text", "").strip(), order, sort.startswith("-"))

    def to_args(self, **changed: str | None) -> dict[str, str]:
        """Query arguments that `from_args` reads back, with some of them changed; None leaves one out."""
        sort = ("-" if self.descending else "") + self.order
        found: dict[str, str | None] = {
            "as_of": None if self.as_of == i18n.today() else self.as_of.isoformat(),
            "standing": self.standing,
            "region": self.region,
            "text": self.text,
            "sort": None if sort == Order.NAME else sort,
        }
        return {name: str(value) for name, value in (found | changed).items() if value}

    def allows(self, line: StateLine, meant: Collection[str] = ()) -> bool:
        """Whether the state is asked for, its standing aside; `meant` are the codes the whole text is a name of."""
        if self.region == EU:
            if not line.in_eu:
                return False
        elif self.region and un_members().get(line.code) != self.region:
            return False
        words = fold(self.text).split()
        return line.code in meant or all(word in line.folded for word in words)


@dataclass(frozen=True)
class StateLine:
    """What a list shows of one state, in the reader's language."""

    code: str
    name: str
    folded: str
    in_eu: bool
    row: StateRow
    signed: str = ""
    bound: str = ""
    bound_by: str = ""
    source: str = ""
    doubt: str = ""

    @property
    def standing(self) -> Standing:
        """Where the state stands."""
        return self.row.standing

    def place(self, order: Order) -> tuple[bool, date, str]:
        """Where it comes in the order; who has no such day comes last."""
        act = {Order.SIGNED: self.row.signature, Order.BOUND: self.row.latest, Order.NAME: None}[order]
        return act is None, act.done_on if act else date.min, self.folded


@lru_cache(maxsize=2048)
def _names(state: str, locale: str) -> tuple[str, str]:
    """What the reader calls the state, and all it can be found by."""
    name = country_name(state, locale)
    return name, f"{fold(name)} {state.lower()} {alpha_3(state).lower()}"


def _line(row: StateRow, members: frozenset[str], kinds: Mapping[ActionKind, str], locale: str) -> StateLine:
    name, folded = _names(row.state, locale)
    if not row.acts:
        return StateLine(row.state, name, folded, row.state in members, row)
    told: list[ActionRow] = [act for act in (row.latest, row.signature) if act is not None]
    unsure = [act.confidence for act in told if act.confidence is not Confidence.READ]
    return StateLine(
        code=row.state,
        name=name,
        folded=folded,
        in_eu=row.state in members,
        row=row,
        signed=act_day(row.signature, locale) if row.signature else "",
        bound=act_day(row.latest, locale) if row.latest else "",
        bound_by=kinds[row.latest.kind] if row.latest else "",
        source="; ".join(dict.fromkeys(act.source for act in told)),
        doubt=str(CONFIDENCES[unsure[0]]) if unsure else "",
    )


def state_lines(status: TreatyStatus) -> list[StateLine]:
    """Every state of the status, with its name in the reader's language."""
    members, locale = eu_members(status.as_of), str(get_locale())
    kinds = {kind: str(label) for kind, label in KINDS.items()}
    return [_line(row, members, kinds, locale) for row in status.states]


def chosen_lines(lines: Sequence[StateLine], chosen: StateFilter) -> dict[Standing, list[StateLine]]:
    """Those that are asked for, by where they stand, in the order asked for."""
    found: dict[Standing, list[StateLine]] = {
        standing: [] for standing in Standing if chosen.standing in (None, standing)
    }
    # Holland and Ivory Coast find their states too.
    meant = countries_meant(chosen.text) if chosen.text else frozenset()
    for line in sorted(lines, key=lambda line: line.place(chosen.order)):
        if line.standing in found and chosen.allows(line, meant):
            found[line.standing].append(line)
    if chosen.descending:
        for standing, members in found.items():
            known = [line for line in members if not line.place(chosen.order)[0] or chosen.order is Order.NAME]
            found[standing] = known[::-1] + [line for line in members if line not in known]
    return found
