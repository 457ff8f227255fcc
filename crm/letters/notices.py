"""The mail that tells who planned a mailing, and who owns its campaign, that it paused itself and waits for them."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from flask import current_app
from flask_babel import force_locale, format_decimal, gettext, ngettext

from config import Settings
from crm import clock, i18n
from crm.accounts.models import User
from crm.extensions import db
from crm.letters.models import Ledger, Mailing
from crm.letters.queries import ledgers
from crm.outbox.actions import Draft, post_now
from crm.outbox.labels import PAUSES
from crm.outbox.models import Batch


def tell_of_stop(batch_id: int) -> None:
    """Post the notice to both, each in their own language; nothing where the batch is no mailing's.

    It goes before all letters: those of the mailing rest until somebody has read it.
    """
    mailing = db.session.scalar(sa.select(Mailing).where(Mailing.batch_id == batch_id))
    if mailing is None:
        return
    # The state was written past the session.
    batch = db.session.get_one(Batch, batch_id, populate_existing=True)
    ledger = ledgers([mailing.id])[mailing.id]
    moment = f"{clock.now().timestamp():.6f}"
    for user in dict.fromkeys((mailing.planned_by, mailing.campaign.owner)):
        if user.active:
            with force_locale(i18n.locale_of(user.language)):
                subject = gettext("“%(name)s” has paused itself", name=mailing.name)
                text = "\n\n".join(_lines(user, mailing, batch, ledger)) + "\n"
            post_now(Draft(f"stopped:{batch_id}:{moment}:{user.id}", user.email, user.name, subject, text))


def _lines(user: User, mailing: Mailing, batch: Batch, ledger: Ledger) -> Iterator[str]:
    settings: Settings = current_app.extensions["settings"]
    yield gettext("Hello %(name)s,", name=user.name)
    yield f"{mailing.name} · {mailing.campaign.name}"
    if batch.paused_for:
        yield str(PAUSES[batch.paused_for])
    if mailing.asked:
        yield ngettext(
            "Since these letters were approved, what is known of %(num)d reader has changed: they should not get "
            "theirs any more. Look, then go on without them, or cancel.",
            "Since these letters were approved, what is known of %(num)d readers has changed: they should not get "
            "theirs any more. Look, then go on without them, or cancel.",
            mailing.asked,
        )
    errors = batch.paused_with
    if errors.get("of"):
        failed, of = format_decimal(errors["failed"]), format_decimal(errors["of"])
        yield gettext("%(failed)s of the last %(of)s letters failed or came back.", failed=failed, of=of)
    if errors.get("words"):
        yield f"{gettext('What was said most often:')}\n> {errors['words']}"
    yield ngettext("%(num)d letter waits", "%(num)d letters wait", ledger.waiting)
    yield f"{settings.base_url}/mailings/{mailing.id}"
