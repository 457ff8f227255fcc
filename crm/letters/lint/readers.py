"""What is known of readers that their letters do not fit: the statements that name these letters, whatever they say.

All of it is told by a few statements for a whole mailing, so that it is looked at anew in the moment somebody approves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import aliased

from config import Settings
from crm import clock
from crm.directory.models import Contact, ContactPoint, PointKind, PointStatus
from crm.extensions import db
from crm.letters.models import (
    OF_READERS,
    STANCES_OF,
    Approach,
    FindingCode,
    Letter,
    LetterFinding,
    Mailing,
    Severity,
    Wording,
)
from crm.letters.queries import wanting_approval, wordings_of
from crm.letters.rendering import compile_wording
from crm.outbox.crowds import find_crowds
from crm.pipeline.models import WON, Target
from crm.stances.models import CurrentStance, Stance
from crm.stances.queries import seen_by

# Letters with what a finding says of them: letter_id, severity, detail.
Named: TypeAlias = sa.Select[*tuple[Any, ...]]

_SEVERITY = LetterFinding.severity.type
_NO_DETAIL: sa.ColumnElement[str] = sa.literal("", sa.String)


def alike_limit() -> int:
    """Letters of one text to one institution above which there are too many."""
    settings: Settings = current_app.extensions["settings"]
    return settings.letters_alike_limit


def _named(
    mailing: Mailing, severity: Severity | sa.ColumnElement[Any], detail: sa.ColumnElement[str] = _NO_DETAIL
) -> Named:
    weight = sa.literal(severity, _SEVERITY) if isinstance(severity, Severity) else severity
    return sa.select(Letter.id, weight.label("severity"), detail.label("detail")).where(
        Letter.mailing_id == mailing.id, Letter.message_id.is_not(None), Letter.left_out_at.is_(None)
    )


def _outdated_post(mailing: Mailing) -> Named:
    ended = sa.and_(Contact.id == Letter.contact_id, Contact.mandate_end < clock.today())
    return _named(mailing, Severity.BLOCKER).join(Contact, ended)


def address_is_out_of_use() -> sa.ColumnElement[bool]:
    """Whether the address a letter goes to is none of the contact's any more, as that of an office that has ended."""
    in_use = sa.exists().where(
        ContactPoint.contact_id == Letter.contact_id,
        ContactPoint.kind == PointKind.EMAIL,
        ContactPoint.value == Letter.address,
        ContactPoint.status == PointStatus.CURRENT,
    )
    return sa.and_(sa.func.lower(Contact.email).is_distinct_from(Letter.address), ~in_use)


def _old_address(mailing: Mailing) -> Named:
    return (
        _named(mailing, Severity.BLOCKER, Letter.address)  # type: ignore[arg-type]
        .join(Contact, Contact.id == Letter.contact_id)
        .where(address_is_out_of_use())
    )


def _stands(mailing: Mailing, stances: list[Stance]) -> sa.ColumnElement[bool]:
    """Whether a letter's reader has one of these stances on the campaign's treaty, as the planner's team sees it."""
    return sa.exists().where(
        CurrentStance.contact_id == Letter.contact_id,
        CurrentStance.treaty_id == mailing.campaign.treaty_id,
        CurrentStance.stance.in_(stances),
        seen_by(mailing.planned_by.team_id),
    )


def thanks_opponent(mailing: Mailing) -> Named:
    """A letter that thanks, to who is against."""
    # Who edited it by hand read it with this reader in mind.
    severity = sa.case(
        (Letter.edited_at.is_(None), sa.literal(Severity.BLOCKER, _SEVERITY)),
        else_=sa.literal(Severity.WARNING, _SEVERITY),
    )
    return (
        _named(mailing, severity)
        .join(Wording, Wording.id == Letter.wording_id)
        .where(Wording.approach == Approach.THANK, _stands(mailing, STANCES_OF[Approach.PERSUADE]))
    )


def asks_supporter(mailing: Mailing) -> Named:
    """A letter that asks or persuades, to who supports us; or that asks, to who has promised or done it."""
    wordings = wordings_of(mailing.id).values()
    asking = {each.id for each in wordings if each.approach in (Approach.ASK, Approach.PERSUADE)}
    with_ask = {each.id for each in wordings if "ask" in compile_wording(each.subject, each.body, each.language).fields}
    has_promised = sa.exists().where(Target.id == Letter.target_id, Target.stage.in_(WON))
    return _named(mailing, Severity.WARNING).where(
        Letter.wording_id.in_(asking | with_ask),
        sa.or_(
            sa.and_(Letter.wording_id.in_(asking), _stands(mailing, STANCES_OF[Approach.THANK])),
            has_promised,
        ),
    )


def _unapproved_text(mailing: Mailing) -> Named:
    unapproved = [each.id for each in wanting_approval(mailing.campaign_id, wordings_of(mailing.id).values())]
    return _named(mailing, Severity.BLOCKER).where(Letter.wording_id.in_(unapproved))


def _too_many_alike(mailing: Mailing) -> Named:
    """More letters of one text to one parliament than it takes for a flood."""
    other, member, institution = aliased(Letter), aliased(Contact), aliased(Contact)
    crowds = (
        sa.select(member.institution_id, other.wording_id)
        .join(member, member.id == other.contact_id)
        .where(
            other.mailing_id == mailing.id,
            other.message_id.is_not(None),
            other.left_out_at.is_(None),
            other.edited_at.is_(None),
            member.institution_id.is_not(None),
        )
        .group_by(member.institution_id, other.wording_id)
        .having(sa.func.count() > alike_limit())
        .subquery()
    )
    return (
        _named(mailing, Severity.WARNING, sa.func.substr(institution.name, 1, 200))
        .join(Contact, Contact.id == Letter.contact_id)
        .join(
            crowds,
            sa.and_(crowds.c.institution_id == Contact.institution_id, crowds.c.wording_id == Letter.wording_id),
        )
        .join(institution, institution.id == Contact.institution_id)
        .where(Letter.edited_at.is_(None))
    )


_RULES = {
    FindingCode.OUTDATED_POST: _outdated_post,
    FindingCode.OLD_ADDRESS: _old_address,
    FindingCode.THANKS_OPPONENT: thanks_opponent,
    FindingCode.UNAPPROVED_TEXT: _unapproved_text,
    FindingCode.ASKS_SUPPORTER: asks_supporter,
    FindingCode.TOO_MANY_ALIKE: _too_many_alike,
}


def _statements(mailing: Mailing) -> Iterator[tuple[FindingCode, Named]]:
    for code, rule in _RULES.items():
        yield code, rule(mailing)


def look_at_readers(mailing: Mailing) -> None:
    """Write anew what is known now of the readers of a mailing that their letters do not fit."""
    db.session.execute(
        sa.delete(LetterFinding)
        .where(LetterFinding.mailing_id == mailing.id, LetterFinding.code.in_(sorted(OF_READERS)))
        .execution_options(synchronize_session=False)
    )
    if mailing.batch_id is not None:
        # How long they will take is known before somebody approves them.
        find_crowds(mailing.batch_id)
    for code, named in _statements(mailing):
        found = named.subquery()
        db.session.execute(
            sa.insert(LetterFinding).from_select(
                ["mailing_id", "letter_id", "code", "severity", "detail"],
                sa.select(
                    sa.literal(mailing.id, sa.BigInteger),
                    found.c.id,
                    sa.literal(code, LetterFinding.code.type),
                    found.c.severity,
                    found.c.detail,
                ),
            )
        )
