"""Who could introduce us to a contact: the ways drawn, and each of them step by step in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext
from flask_login import current_user
from markupsafe import Markup, escape

from crm import charts
from crm.accounts.queries import actor_names
from crm.directory.labels import category_label
from crm.directory.models import DIRECTED, Contact, RelationshipKind
from crm.directory.neighbours import SMALL, Link
from crm.i18n import direction
from crm.overview.introductions import STEPS, Acquaintance, Path, Place, introductions
from crm.overview.views.blueprint import blueprint, contact_or_404
from crm.policy import Permission, requires

# A tie as a sentence, from its subject to its object.
_SENTENCES = {
    RelationshipKind.KNOWS: lazy_gettext("%(one)s knows %(other)s"),
    RelationshipKind.COLLEAGUE: lazy_gettext("%(one)s is a colleague of %(other)s"),
    RelationshipKind.FAMILY: lazy_gettext("%(one)s is family of %(other)s"),
    RelationshipKind.ALLY: lazy_gettext("%(one)s is an ally of %(other)s"),
    RelationshipKind.OPPONENT: lazy_gettext("%(one)s is an opponent of %(other)s"),
    RelationshipKind.ADVISES: lazy_gettext("%(one)s advises %(other)s"),
    RelationshipKind.WORKS_FOR: lazy_gettext("%(one)s works for %(other)s"),
    RelationshipKind.REPORTS_TO: lazy_gettext("%(one)s reports to %(other)s"),
    RelationshipKind.SUCCEEDED: lazy_gettext("%(one)s succeeded %(other)s"),
}


@dataclass(frozen=True)
class Told:
    """One way in words: whom to ask and why, each step, and how many there are."""

    first: Place
    why: Markup
    steps: Sequence[Markup]
    length: str


def _name(place: Place) -> Markup:
    return Markup("<bdi>{}</bdi>").format(place.name)


def _why(place: Place) -> Markup:
    """Why we may ask them."""
    through = Markup("<bdi>{}</bdi>").format(place.through)
    if place.acquaintance is Acquaintance.OWNER:
        return escape(gettext("%(user)s of our team looks after them")) % {"user": through}
    if place.acquaintance is Acquaintance.DIALOGUE:
        return escape(gettext("in dialogue with us in the campaign %(campaign)s")) % {"campaign": through}
    return escape(gettext("a partner organization"))


def _step(link: Link, near: Place, far: Place) -> Markup:
    """One step in words: whom `far`, who is nearer to us, can speak to, and why."""
    said = escape(gettext("%(one)s can speak to %(other)s: %(reason)s"))
    return said % {"one": _name(far), "other": _name(near), "reason": _reason(link, near, far)}


def _reason(link: Link, near: Place, far: Place) -> Markup:
    organization = Markup("<bdi>{}</bdi>").format(link.organization)
    if link.kind is not None:
        # Where it reads alike from both sides, it is told from ours.
        forth = link.kind in DIRECTED and not link.backwards
        subject, other = (near, far) if forth else (far, near)
        said = escape(str(_SENTENCES[link.kind])) % {"one": _name(subject), "other": _name(other)}
        return escape(gettext("%(sentence)s (this is over)")) % {"sentence": said} if link.over else said
    if link.organization_id in (near.id, far.id):
        person = near if link.organization_id == far.id else far
        return escape(gettext("%(one)s belongs to %(other)s")) % {"one": _name(person), "other": organization}
    said = escape(gettext("%(one)s and %(other)s both belong to %(organization)s"))
    return said % {"one": _name(far), "other": _name(near), "organization": organization}


def _told(path: Path) -> Told:
    steps = [_step(link, near, far) for far, near, link in zip(path.places, path.places[1:], path.links, strict=False)]
    count = len(path.links)
    return Told(path.places[0], _why(path.places[0]), steps, ngettext("%(num)d step", "%(num)d steps", count))


def _node(place: Place, contact_id: int) -> charts.Node:
    notes = {
        Acquaintance.OWNER: gettext("with %(user)s") % {"user": place.through},
        Acquaintance.PARTNER: gettext("partner"),
        Acquaintance.DIALOGUE: gettext("in dialogue with us"),
    }
    note = notes[place.acquaintance] if place.acquaintance else category_label(place.category)
    return charts.Node(place.id, place.name, note, strong=place.id == contact_id)


def _drawn(contact: Contact, paths: Sequence[Path], told: Sequence[Told]) -> Markup:
    found = [
        charts.Way(
            tuple(_node(place, contact.id) for place in path.places),
            tuple(link.kind is not None for link in path.links),
        )
        for path in paths
    ]
    description = "; ".join(Markup(", ").join(way.steps).striptags() for way in told)
    title = gettext("Ways to %(name)s") % {"name": contact.name}
    return charts.ways("introductions", title, description, found, right_to_left=direction() == "rtl")


@blueprint.get("/contacts/<int:contact_id>/introductions")
@requires(Permission.READ)
def introductions_to(contact_id: int) -> ResponseReturnValue:
    """The strongest ways from somebody the team knows to the contact."""
    contact = contact_or_404(contact_id)
    paths = introductions(contact, current_user.team_id)
    told = [_told(path) for path in paths]
    return render_template(
        "overview/introductions.html",
        contact=contact,
        owner=actor_names().get(f"user:{contact.owner_id}") if contact.owner_id else None,
        ways=told,
        drawn=_drawn(contact, paths, told) if paths else None,
        most=STEPS,
        small=SMALL,
    )
