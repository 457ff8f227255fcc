"""Which contacts the list shows: a filter of the directory, where they stand in campaigns and on treaties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import sqlalchemy as sa
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from crm import i18n
from crm.database import read_id
from crm.directory.filters import Condition, ContactFilter
from crm.directory.models import Contact, ContactKind
from crm.extensions import db
from crm.pipeline.labels import stage_label
from crm.pipeline.models import Campaign, Stage, Target
from crm.stances.labels import stance_label
from crm.stances.models import Stance
from crm.stances.queries import has_stale_stance, has_stance
from crm.treaties.models import Treaty

# In the place of a kind: people and organizations alike.
EVERYBODY = "all"
# In the place of a stance: any that is out of date.
STALE = "stale"


def _stance(value: str) -> str:
    return value if value == STALE else Stance(value)


def stance_choices() -> list[tuple[str, str]]:
    """What can be asked of a stance, value and words."""
    return [(stance.value, stance_label(stance)) for stance in Stance] + [(STALE, gettext("Out of date"))]


def _several(args: Mapping[str, Any], name: str, read: Any) -> tuple[Any, ...]:
    given = args.getlist(name) if isinstance(args, MultiDict) else [str(args.get(name, ""))]
    values = [part.strip() for value in given for part in value.split(",") if part.strip()]
    try:
        return tuple(dict.fromkeys(read(value) for value in values))
    except ValueError:
        raise BadRequest(
            gettext(
                "The filter in this address is damaged: %(name)s cannot be %(value)s.",
                name=name,
                value=",".join(values),
            )
        ) from None


@dataclass(frozen=True)
class ListFilter:
    """Conditions that all hold: those of the directory, being a target of the campaigns, at one of the stages, and
    holding one of the stances (STALE: any that is out of date) on one of the treaties.

    Where no treaty is named, it is the lead treaty of the campaigns, else the first one. People alone are shown unless
    `kind=all`, another kind or a category is asked for. Stances are those that the team `team_id` sees, which is the
    reader's and stands in no address; None sees what everybody does.
    """

    contact: ContactFilter = field(default_factory=lambda: ContactFilter(kind=ContactKind.PERSON))
    campaign: tuple[int, ...] = ()
    stage: tuple[Stage, ...] = ()
    treaty: tuple[int, ...] = ()
    stance: tuple[str, ...] = ()
    team_id: int | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, Any], team_id: int | None = None) -> Self:
        """Read the filter from query arguments; what it does not know is left aside. Raises BadRequest for nonsense."""
        kind = args.get("kind", "").strip()
        others = MultiDict(args)
        others.pop("kind", None)
        contact = ContactFilter.from_args(others if kind == EVERYBODY else args)
        if not kind:
            contact = replace(contact, kind=_usual_kind(contact))
        return cls(
            contact,
            _several(args, "campaign", read_id),
            _several(args, "stage", Stage),
            _several(args, "treaty", read_id),
            _several(args, "stance", _stance),
            team_id,
        )

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        args = self.contact.to_args()
        args.pop("kind", None)
        if self.contact.kind is not _usual_kind(self.contact):
            args["kind"] = self.contact.kind or EVERYBODY
        own = {
            "campaign": ",".join(map(str, self.campaign)),
            "stage": ",".join(self.stage),
            "treaty": ",".join(map(str, self.treaty)),
            "stance": ",".join(self.stance),
        }
        return args | {name: value for name, value in own.items() if value}

    @property
    def asks_nothing(self) -> bool:
        """Whether all people pass."""
        return not self.to_args()

    @property
    def asks_directory_alone(self) -> bool:
        """Whether the directory's own filter says it all."""
        return not (self.campaign or self.stage or self.stance)

    def as_audience(self) -> dict[str, str] | None:
        """The same as query arguments of a mailing; None where that cannot ask it.

        A mailing belongs to one campaign and asks of one treaty; of stages it asks in its campaign alone.
        """
        stances = [value for value in self.stance if value != STALE]
        mixed = STALE in self.stance and bool(stances)
        if mixed or len(self.campaign) > 1 or len(self.treaty) > 1 or (self.stage and not self.campaign):
            return None
        args = self.contact.to_args()
        if self.campaign:
            args |= {"campaign": str(self.campaign[0]), "stage": ",".join(self.stage)}
        else:
            args |= {"of": "directory"}
        if self.stance:
            treaty = self.treaty[0] if self.treaty else db.session.scalar(self._treaties_meant())
            args |= {"treaty": str(treaty), **({"stance": ",".join(stances)} if stances else {"stale": "yes"})}
        return {name: value for name, value in args.items() if value}

    def spoken(self) -> bool | None:
        """Whether only contacts are asked for that ever said anything of the main treaty, or only such as did not."""
        kinds = {value != Stance.UNKNOWN for value in self.stance}
        return kinds.pop() if len(kinds) == 1 and len(self.treaty) < 2 else None

    def main_treaty(self) -> int | sa.ScalarSelect[Any]:
        """The treaty whose stances a column shows and an order goes by: the first one meant."""
        return self.treaty[0] if self.treaty else self._treaties_meant().scalar_subquery()

    def _treaties_meant(self) -> sa.Select[Any]:
        if self.campaign:
            return sa.select(sa.func.min(Campaign.treaty_id)).where(Campaign.id.in_(self.campaign))
        return sa.select(sa.func.min(Treaty.id))

    def of_kind(self, kind: ContactKind | None) -> Self:
        """The same conditions on contacts of another kind."""
        return replace(self, contact=replace(self.contact, kind=kind))

    def apply(self, statement: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select that has `Contact` in it; no join is added."""
        statement = self.contact.apply(statement)
        if self.stance:
            statement = statement.where(self._holds_stance())
        if not self.campaign and not self.stage:
            return statement
        targets = sa.select(Target.contact_id)
        if self.campaign:
            targets = targets.where(Target.campaign_id.in_(self.campaign))
        if self.stage:
            targets = targets.where(Target.stage.in_(self.stage))
        return statement.where(Contact.id.in_(targets))

    def _holds_stance(self) -> sa.ColumnElement[bool]:
        treaties = self.treaty or self._treaties_meant()
        stances = [Stance(value) for value in self.stance if value != STALE]
        asked = [has_stance(stances, treaties, self.team_id)] if stances else []
        if STALE in self.stance:
            asked.append(has_stale_stance(treaties, self.team_id, i18n.today()))
        return sa.or_(*asked)

    def conditions(self) -> list[Condition]:
        """Each value of each condition but the kind, in the reader's language, with what is left without it."""
        said = [
            replace(condition, without=self._with(condition.without))
            for condition in self.contact.conditions()
            if condition.name != "kind"
        ]
        names = _names(Campaign.id, Campaign.name, self.campaign)
        said += [
            Condition(
                "campaign",
                gettext("Target in"),
                names.get(number, gettext("a campaign that is gone")),
                str(number),
                replace(self, campaign=tuple(other for other in self.campaign if other != number)).to_args(),
            )
            for number in self.campaign
        ]
        said += [
            Condition(
                "stage",
                gettext("Stage"),
                stage_label(stage),
                stage,
                replace(self, stage=tuple(other for other in self.stage if other is not stage)).to_args(),
            )
            for stage in self.stage
        ]
        return [*said, *self._stance_conditions()]

    def _stance_conditions(self) -> Iterator[Condition]:
        codes = _names(Treaty.id, Treaty.code, self.treaty)
        for number in self.treaty:
            others = tuple(other for other in self.treaty if other != number)
            named = codes.get(number, gettext("a treaty that is gone"))
            yield Condition("treaty", gettext("Stance on"), named, str(number), replace(self, treaty=others).to_args())
        words = dict(stance_choices())
        for value in self.stance:
            rest = tuple(other for other in self.stance if other != value)
            yield Condition("stance", gettext("Stance"), words[value], value, replace(self, stance=rest).to_args())

    def _with(self, contact_args: Mapping[str, str]) -> dict[str, str]:
        return replace(self, contact=ContactFilter.from_args(contact_args)).to_args()


def _usual_kind(contact: ContactFilter) -> ContactKind | None:
    """What is shown where no kind is asked for: a category says the kind itself."""
    return None if contact.category else ContactKind.PERSON


def _names(number: Any, name: Any, ids: tuple[int, ...]) -> dict[int, str]:
    """What rows are called, by their ids, in one query; none where no ids are given."""
    return {row[0]: row[1] for row in db.session.execute(sa.select(number, name).where(number.in_(ids)))} if ids else {}
