"""Keep the marks of letters that leave in the lease of their claim and in receipts."""

import sqlalchemy as sa
from alembic import op

revision = '0047'
down_revision = '0046'
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, 'sqlite')


def upgrade() -> None:
    op.add_column('outbox_lease', sa.Column('leaving_id', sa.BigInteger(), nullable=True))
    op.add_column('outbox_lease', sa.Column('leaving_since', sa.DateTime(timezone=True), nullable=True))
    op.add_column('outbox_lease', sa.Column('sent', sa.Integer(), nullable=False, server_default='0'))
    op.create_table(
        'outbox_receipt',
        sa.Column('reply_code', sa.SmallInteger(), nullable=False),
        sa.Column('reply_text', sa.String(500), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('handed_over_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('id', _ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint('id', name='pk_outbox_receipt'),
    )
    # What a killed worker left behind: its sweep goes on from here.
    op.execute(
        'INSERT INTO outbox_receipt (id, reply_code, reply_text, size, handed_over_at, at)'
        " SELECT id, coalesce(reply_code, 250), coalesce(reply_text, ''), coalesce(size, 0), handed_over_at,"
        " finished_at FROM outgoing_message WHERE state = 'sent' AND lease_token IS NOT NULL"
    )
    op.execute(
        "UPDATE outgoing_message SET state = 'claimed', attempts = attempts - 1, finished_at = NULL"
        " WHERE state = 'sent' AND lease_token IS NOT NULL"
    )
    leaving = (
        'SELECT {column} FROM outgoing_message WHERE lease_token = outbox_lease.token'
        " AND state = 'handed_over' ORDER BY id LIMIT 1"
    )
    op.execute(
        f"UPDATE outbox_lease SET leaving_id = ({leaving.format(column='id')}),"
        f" leaving_since = ({leaving.format(column='handed_over_at')}),"
        ' sent = (SELECT count(*) FROM outgoing_message m JOIN outbox_receipt r ON r.id = m.id'
        ' WHERE m.lease_token = outbox_lease.token)'
    )
    op.execute("UPDATE outgoing_message SET state = 'claimed' WHERE state = 'handed_over'")


def downgrade() -> None:
    op.execute(
        "UPDATE outgoing_message SET state = 'handed_over'"
        " WHERE id IN (SELECT leaving_id FROM outbox_lease) AND state = 'claimed'"
    )
    for column, value in (
        ('reply_code', 'reply_code'),
        ('reply_text', 'reply_text'),
        ('size', 'size'),
        ('handed_over_at', 'handed_over_at'),
        ('finished_at', 'at'),
    ):
        op.execute(
            f'UPDATE outgoing_message SET {column} = (SELECT r.{value} FROM outbox_receipt r'
            " WHERE r.id = outgoing_message.id) WHERE state = 'claimed' AND id IN (SELECT id FROM outbox_receipt)"
        )
    op.execute(
        "UPDATE outgoing_message SET state = 'sent', attempts = attempts + 1"
        " WHERE state = 'claimed' AND id IN (SELECT id FROM outbox_receipt)"
    )
    op.drop_table('outbox_receipt')
    for name in ('sent', 'leaving_since', 'leaving_id'):
        op.drop_column('outbox_lease', name)
