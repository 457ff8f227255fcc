"""What the screens made of many features read for themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from crm.accounts.models import User
from crm.database import Base
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import Mailing
from crm.outbox.models import WAITING, MessageState, OutgoingMessage
from crm.pipeline.models import Campaign


@dataclass(frozen=True)
class HomeFigures:
    """Where the work stands."""

    contacts: int
    campaigns: int
    letters_waiting: int
    letters_held: int
    has_mailing: bool


def home_figures() -> HomeFigures:
    """The figures of the home page, in one query."""

    def count(table: type[Base], *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return sa.select(sa.func.count()).select_from(table).where(*conditions).scalar_subquery()

    row = db.session.execute(
        sa.select(
            count(Contact),
            count(Campaign, Campaign.archived_at.is_(None)),
            count(OutgoingMessage, OutgoingMessage.state.in_(WAITING)),
            count(OutgoingMessage, OutgoingMessage.state == MessageState.HELD),
            sa.exists(sa.select(Mailing.id)),
        )
    ).one()
    contacts, campaigns, waiting, held, has_mailing = row
    return HomeFigures(contacts or 0, campaigns or 0, waiting or 0, held or 0, bool(has_mailing))


def names_of_users(actors: Iterable[str]) -> dict[str, str]:
    """Names of those of the audit's actors that are users (`user:7`), in one query, or none where there are none."""
    ids = {actor: int(actor.removeprefix("user:")) for actor in actors if actor.startswith("user:")}
    if not ids:
        return {}
    found = db.session.execute(sa.select(User.id, User.name).where(User.id.in_(ids.values())))
    names = {row.id: row.name for row in found}
    return {actor: names[number] for actor, number in ids.items() if number in names}
