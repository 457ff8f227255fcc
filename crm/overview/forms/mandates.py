"""Offices and ties: memberships, posts, relationships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from crm.directory.labels import TIES, tie_label
from crm.directory.models import DIRECTED, SOURCES_LENGTH, ContactKind, RelationshipKind
from crm.directory.offices import Mandate
from crm.directory.record import Tie
from crm.overview.forms.fields import (
    AreaFields,
    ContactField,
    DayField,
    Named,
    check_period,
    choices_of_countries,
    own_id,
    stripped,
    text,
)
from crm.overview.forms.parts import PartForm

_BACK = ":back"
# The fields of a mandate as they are filled in, whom it is with before them.
_ORDER = ("role", "post_id", "on_behalf_of", "start_date", "end_date", "country", "constituency", "source")


class _MandateForm(PartForm):
    """What a mandate is, whichever side it is written from."""

    role = StringField(
        _l("Role"),
        [DataRequired(_l("Enter the role, such as member or minister.")), Length(max=300)],
        filters=[stripped],
        description=_l("Such as member, chair or minister."),
    )
    post_id = SelectField(_l("Post"), coerce=own_id)
    on_behalf_of = ContactField(
        _l("For the group or party"),
        among=ContactKind.ORGANIZATION,
        description=_l("Its name or short name."),
    )
    country = SelectField(_l("Elected in"), coerce=stripped)
    constituency = StringField(_l("Constituency"), [Length(max=200)], filters=[stripped])
    start_date = DayField(_l("First day"))
    end_date = DayField(_l("Last day"), description=_l("Leave it open while the mandate runs."))
    source = StringField(_l("Source"), [Length(max=SOURCES_LENGTH)], filters=[text])

    columns: tuple[str, ...] = ("role", "post_id", "country", "constituency", "start_date", "end_date", "source")

    def __init__(self, posts: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.country.choices = choices_of_countries(gettext("None"))
        if posts:
            self.post_id.choices = [("", gettext("None")), *posts]
        else:
            del self.post_id
            self.columns = tuple(name for name in self.columns if name != "post_id")

    def validate_end_date(self, field: DayField) -> None:
        """The last day comes after the first."""
        check_period(self.start_date.data, field.data)

    def values(self) -> dict[str, Any]:
        """The edited columns."""
        behalf = self.on_behalf_of.data
        return {**super().values(), "on_behalf_of_id": behalf.id if behalf else None}


class OfficeForm(_MandateForm):
    """A mandate of a person: the organization is found by its name."""

    organization = ContactField(
        _l("Organization"), among=ContactKind.ORGANIZATION, needed=_l("Enter the organization's name or short name.")
    )

    first = "organization"
    order = (first, *_ORDER)


class MemberForm(_MandateForm):
    """A mandate in an organization: the person is found by name."""

    person = ContactField(_l("Person"), among=ContactKind.PERSON, needed=_l("Enter the person's name."))

    first = "person"
    order = (first, *_ORDER)


def mandate_form(
    kind: ContactKind, line: Mandate | None, posts: Sequence[tuple[int, str]], **values: Any
) -> _MandateForm:
    """The form of a mandate as it is seen from a contact of this kind; `values` fill in a new one."""
    form = OfficeForm if kind is ContactKind.PERSON else MemberForm
    if line is None:
        return form(posts, data=values)
    behalf = Named(line.on_behalf_of_id, line.on_behalf_of or "") if line.on_behalf_of_id else None
    return form(
        posts,
        data={
            "organization": Named(line.organization_id, line.organization),
            "person": Named(line.holder_id, line.holder),
            "role": line.role,
            "post_id": line.post_id,
            "on_behalf_of": behalf,
            "country": line.country,
            "constituency": line.constituency,
            "start_date": line.start_date,
            "end_date": line.last_day if line.ended or line.end_is_known else None,
            "source": line.source,
        },
    )


class PostForm(AreaFields, PartForm):
    """An office of an organization."""

    label = StringField(
        _l("Post"),
        [DataRequired(_l("Enter what the post is called.")), Length(max=200)],
        filters=[stripped],
        description=_l("It stays when its holder leaves, such as Director for Migration."),
    )

    columns: tuple[str, ...] = ("label", "country", "region")
    order = columns


class TieForm(PartForm):
    """A tie to another contact."""

    tie = SelectField(_l("Relationship"))
    other = ContactField(_l("To whom"), needed=_l("Enter the name of the other one."))
    start_date = DayField(_l("Since"))
    end_date = DayField(_l("Until"))
    note = StringField(_l("Note"), [Length(max=1000)], filters=[text])
    source = StringField(
        _l("Source"),
        [Length(max=SOURCES_LENGTH)],
        filters=[text],
        description=_l("How we know, such as a web page or a talk."),
    )
    private = BooleanField(_l("Only my team may see it"))

    def __init__(self, contact_id: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._contact_id = contact_id
        self.tie.choices = [
            (f"{kind.value}{_BACK if backwards else ''}", tie_label(kind, backwards))
            for kind in TIES
            for backwards in ((False, True) if kind in DIRECTED else (False,))
        ]

    def validate_other(self, field: ContactField) -> None:
        """Nobody has a tie with themselves."""
        if field.data is not None and field.data.id == self._contact_id:
            raise ValidationError(gettext("That is the same contact: name the other one."))

    def validate_end_date(self, field: DayField) -> None:
        """The last day comes after the first."""
        check_period(self.start_date.data, field.data)

    @property
    def backwards(self) -> bool:
        """Whether the other is the subject of the tie."""
        return str(self.tie.data).endswith(_BACK)

    def values(self) -> dict[str, Any]:
        """The columns of the tie, its two ends aside."""
        return {
            "kind": RelationshipKind(str(self.tie.data).removesuffix(_BACK)),
            "start_date": self.start_date.data,
            "end_date": self.end_date.data,
            "note": self.note.data,
            "source": self.source.data,
        }


def tie_form(contact_id: int, tie: Tie | None, wanted: str = "") -> TieForm:
    """The form of a tie as it is seen from the contact; a new one begins with the `wanted` choice."""
    if tie is None:
        return TieForm(contact_id, data={"tie": wanted})
    return TieForm(
        contact_id,
        data={
            "tie": f"{tie.kind.value}{_BACK if tie.backwards and tie.kind in DIRECTED else ''}",
            "other": Named(tie.other_id, tie.other),
            "start_date": tie.start_date,
            "end_date": tie.end_date,
            "note": tie.note,
            "source": tie.source,
            "private": tie.private,
        },
    )
