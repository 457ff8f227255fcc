"""What is read of turnover: open targets whose contacts hold no office any more."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crm import i18n
from crm.accounts.models import User
from crm.directory.models import Contact
from crm.paging import Page, SortKey, page
from crm.pipeline.models import Campaign, Stage, Target

NOBODY = 0
PAGE_SIZE = 20


def _left() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            Target.id,
            Target.contact_id,
            Target.campaign_id,
            Target.stage,
            Target.ask,
            Target.owner_id,
            User.name.label("owner"),
            Contact.name,
            Contact.category,
            Contact.country,
            Contact.mandate_end,
            Campaign.name.label("campaign"),
        )
        .select_from(Target)
        .join(Contact, Contact.id == Target.contact_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .outerjoin(User, User.id == Target.owner_id)
        .where(
            Contact.mandate_end < i18n.today(),
            Target.stage != Stage.CLOSED,
            Campaign.archived_at.is_(None),
        )
    )


def _of(owner: int | None) -> sa.ColumnElement[bool]:
    if owner is None:
        return sa.true()
    return Target.owner_id.is_(None) if owner == NOBODY else Target.owner_id == owner


def left_office(owner: int | None, cursor: str | None, *, contact_id: int | None = None) -> Page:
    """Open targets whose mandate is over, the latest first; of a user (NOBODY: of nobody), or of one contact."""
    statement = _left().where(_of(owner))
    if contact_id is not None:
        statement = statement.where(Target.contact_id == contact_id)
    keys = [SortKey(Contact.mandate_end, descending=True), SortKey(Target.__table__.c.id, descending=True)]
    return page(statement, keys, cursor, PAGE_SIZE)
