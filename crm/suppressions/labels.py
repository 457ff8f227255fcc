"""Why addresses are not written to, in words of the screens."""

from __future__ import annotations

from flask_babel import lazy_gettext

from crm.outbox.models import SuppressionReason

REASONS = {
    SuppressionReason.UNSUBSCRIBED: lazy_gettext("wants no more letters"),
    SuppressionReason.OBJECTION: lazy_gettext("objects to the use of their data"),
    SuppressionReason.HARD_BOUNCE: lazy_gettext("the address does not exist"),
    SuppressionReason.BY_HAND: lazy_gettext("stopped by one of us"),
}
UNREADABLE = {
    "too_large": lazy_gettext("This file is larger than 4 MB. Cut it into several, and add them one after the other."),
    "too_long": lazy_gettext(
        "This list has more than 20,000 lines. Cut it into several, and add them one after the other."
    ),
    "no_text": lazy_gettext("This file is not text. Save it as CSV, and choose that."),
    "nothing": lazy_gettext("No address was found in it. Each line needs one, such as name@example.org."),
}
