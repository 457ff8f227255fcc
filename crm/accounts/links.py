"""Links sent by mail, to come in for the first time or again: posted with their token, looked at, spent once."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask import current_app, url_for
from flask_babel import force_locale, gettext

from config import Settings
from crm import clock
from crm.accounts.models import TOKEN_LIFETIME, AccountToken, TokenPurpose, User
from crm.accounts.tokens import new_token, token_hash
from crm.audit.recording import change_set_of
from crm.extensions import db
from crm.outbox.actions import Draft, post_now
from crm.outbox.models import MessageState, OutgoingMessage
from crm.outbox.results import Result
from crm.unit_of_work import current_unit_of_work

_REFERENCE = "account_token:"
_GONE = {MessageState.SENT, MessageState.FAILED, MessageState.CANCELLED}
_FORGOTTEN = "(The text held a link for its reader alone, and is not kept.)\n"


def _invitation(link: str, invited_by: str) -> tuple[str, list[str]]:
    return gettext("Your account in Ratify"), [
        gettext("%(name)s invites you to work together in Ratify.", name=invited_by),
        gettext("Choose a password here; the link is good for seven days, and once:"),
        link,
    ]


def _password_reset(link: str) -> tuple[str, list[str]]:
    return gettext("Choose a new password"), [
        gettext("Somebody, most likely you, asked for a new password in Ratify."),
        gettext("Choose it here; the link is good for one hour, and once:"),
        link,
        gettext("If it was not you, there is nothing to do: without this link nothing changes."),
    ]


def _post(user: User, purpose: TokenPurpose, *, invited_by: str = "") -> None:
    token = new_token()
    row = AccountToken(
        token_hash=token_hash(token), purpose=purpose, user=user, expires_at=clock.now() + TOKEN_LIFETIME[purpose]
    )
    db.session.add(row)
    db.session.flush()
    settings: Settings = current_app.extensions["settings"]
    with force_locale(user.language):
        link = settings.base_url + url_for("accounts.choose_password", token=token)
        subject, paragraphs = (
            _invitation(link, invited_by) if purpose is TokenPurpose.INVITATION else _password_reset(link)
        )
        text = "\n\n".join([gettext("Hello %(name)s,", name=user.name), *paragraphs]) + "\n"
    post_now(Draft(f"{_REFERENCE}{row.id}", user.email, user.name, subject, text))


def forget_links(results: Sequence[Result]) -> None:
    """Take the links out of mails that have left or never will: the outbox keeps its letters, but not these words."""
    gone = [each.message_id for each in results if each.reference.startswith(_REFERENCE) and each.state in _GONE]
    if gone:
        db.session.execute(sa.update(OutgoingMessage).where(OutgoingMessage.id.in_(gone)).values(text=_FORGOTTEN))


def send_invitation(user: User, *, invited_by: str) -> None:
    """Post a link with which a colleague chooses a first password."""
    _post(user, TokenPurpose.INVITATION, invited_by=invited_by)


def send_password_reset(user: User | None) -> None:
    """Post a link to choose a new password; for nobody (and for who may not sign in) only the trail says so.

    There the same is done for somebody else and taken back, so that the time of the answer tells nothing either.
    """
    able = user is not None and user.active
    work = current_unit_of_work()
    work.notes["links sent"] = int(able)
    change_set_of(db.session(), work)  # before the savepoint: the trail stays when the rest is taken back
    recipient = user if able else db.session.scalar(sa.select(User).limit(1))
    if recipient is None:
        return
    with db.session.begin_nested() as posting:
        _post(recipient, TokenPurpose.PASSWORD_RESET)
        if not able:
            posting.rollback()


def user_of_link(token: str) -> User | None:
    """Whom the link would let choose a password. Looking spends nothing: mail scanners look."""
    return db.session.scalar(
        sa.select(User)
        .join(AccountToken, AccountToken.user_id == User.id)
        .where(
            AccountToken.token_hash == token_hash(token),
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > clock.now(),
            User.active,
        )
    )


def spend_link(token: str) -> int | None:
    """Use the link up and return its user's id; None where it is spent, expired or unknown. One of two racers wins."""
    now = clock.now()
    statement = (
        sa.update(AccountToken)
        .where(
            AccountToken.token_hash == token_hash(token),
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > now,
        )
        .values(used_at=now)
    )
    return db.session.scalar(statement.returning(AccountToken.user_id))
