"""Put the line by which readers stop letters below those that were planned before there was one, and still wait.

Its words are those of the day the line came; a letter that has left stays as it left.

Revision ID: 0042
Revises: 0041
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_ENGLISH = "If you would rather not get such letters, or want to see or correct what we hold about you:"
_LINES = {
    "ar": "إذا كنتم تفضّلون ألّا تصلكم مثل هذه الرسائل، أو تودّون الاطلاع على ما نحتفظ به عنكم أو تصحيحه:",
    "de": (
        "Wenn Sie solche Briefe lieber nicht mehr bekommen oder sehen oder berichtigen möchten, "
        "was wir über Sie gespeichert haben:"
    ),
    "es": "Si prefiere no recibir más cartas como esta, o desea ver o corregir lo que guardamos sobre usted:",
    "fr": (
        "Si vous préférez ne plus recevoir de telles lettres, "
        "ou souhaitez consulter ou corriger ce que nous conservons à votre sujet\u00a0:"
    ),
    "it": (
        "Se preferisce non ricevere più lettere come questa, "
        "o desidera vedere o correggere ciò che conserviamo su di Lei:"
    ),
    "nl": "Als u zulke brieven liever niet meer krijgt, of wilt zien of verbeteren wat wij over u bewaren:",
    "pl": (
        "Jeśli wolą Państwo nie otrzymywać takich listów albo chcą zobaczyć lub poprawić to, "
        "co o Państwu przechowujemy:"
    ),
    "pt": "Se preferir não receber mais cartas como esta, ou quiser ver ou corrigir o que guardamos a seu respeito:",
}


def upgrade() -> None:
    message = sa.table(
        "outgoing_message",
        *(sa.column(name) for name in ("id", "reason", "footer", "one_click_unsubscribe", "next_attempt_at")),
    )
    letter = sa.table("letter", *(sa.column(name) for name in ("message_id", "language")))
    language = sa.func.substr(letter.c.language, 1, 2)
    line = sa.case(_LINES, value=language, else_=_ENGLISH)
    words = sa.select(line).where(letter.c.message_id == message.c.id).scalar_subquery()
    op.execute(
        sa.update(message)
        .where(
            message.c.footer.is_(None),
            message.c.one_click_unsubscribe.is_(sa.true()),
            # It waits, or somebody may take it in again.
            sa.or_(message.c.next_attempt_at.is_not(None), message.c.reason == "left_out"),
            message.c.id.in_(sa.select(letter.c.message_id)),
        )
        .values(footer=words)
    )


def downgrade() -> None:
    """Nothing: nobody can tell any more which letters had no line."""
