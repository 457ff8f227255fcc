"""Count the letters of a batch as they move, and find those of a ledger by language and by reason."""

from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None

COUNTS = ('posted', 'sent', 'failed', 'cancelled', 'recent_untold')


def upgrade() -> None:
    for name in COUNTS:
        op.add_column('outbox_batch', sa.Column(name, sa.Integer(), nullable=False, server_default='0'))
    for name in ('failures', 'paused_with'):
        op.add_column('outbox_batch', sa.Column(name, sa.JSON(), nullable=False, server_default='{}'))
    op.add_column('outbox_batch', sa.Column('recent', sa.String(1000), nullable=False, server_default=''))
    op.create_index('ix_letter_mailing_id_language_target_id', 'letter', ['mailing_id', 'language', 'target_id'])
    has_reason = sa.text('reason IS NOT NULL')
    op.create_index(
        'ix_outgoing_message_batch_id_reason_id',
        'outgoing_message',
        ['batch_id', 'reason', 'id'],
        sqlite_where=has_reason,
        postgresql_where=has_reason,
    )
    _count()


def _count() -> None:
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT m.batch_id, m.state, m.reason, count(*) AS letters,"
            " sum(CASE WHEN m.state = 'sent' AND m.lease_token IS NOT NULL THEN 1 ELSE 0 END) AS untold"
            " FROM outgoing_message m JOIN outbox_batch b ON b.id = m.batch_id"
            " WHERE b.priority = 'bulk' GROUP BY m.batch_id, m.state, m.reason"
        )
    ).all()
    counted: dict[int, Counter[str]] = {}
    failures: dict[int, Counter[str]] = {}
    for row in rows:
        counts = counted.setdefault(row.batch_id, Counter())
        counts['posted'] += row.letters
        counts[row.state] += row.letters - int(row.untold)
        if row.state == 'failed':
            failures.setdefault(row.batch_id, Counter())[row.reason] += row.letters
    names = ('posted', 'sent', 'failed', 'cancelled')
    batch = sa.table(
        'outbox_batch', sa.column('id'), *map(sa.column, names), sa.column('failures', sa.JSON())
    )
    for batch_id, counts in counted.items():
        values = {**{name: counts[name] for name in names}, 'failures': dict(failures.get(batch_id, {}))}
        connection.execute(sa.update(batch).where(batch.c.id == batch_id).values(values))


def downgrade() -> None:
    op.drop_index('ix_outgoing_message_batch_id_reason_id', 'outgoing_message')
    op.drop_index('ix_letter_mailing_id_language_target_id', 'letter')
    for name in ('recent', 'paused_with', 'failures', *reversed(COUNTS)):
        op.drop_column('outbox_batch', name)
