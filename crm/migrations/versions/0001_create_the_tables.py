"""Create the tables."""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('change_set',
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('action', sa.String(length=80), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('permission', sa.String(32), nullable=True),
    sa.Column('notes', sa.JSON(), nullable=False),
    sa.Column('undoes_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['undoes_id'], ['change_set.id'], name=op.f('fk_change_set_undoes_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change_set')),
    sa.UniqueConstraint('undoes_id', name=op.f('uq_change_set_undoes_id'))
    )
    with op.batch_alter_table('change_set', schema=None) as batch_op:
        batch_op.create_index('ix_change_set_action_id', ['action', 'id'], unique=False)
        batch_op.create_index('ix_change_set_actor_id', ['actor', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_change_set_at'), ['at'], unique=False)

    op.create_table('contact',
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('category', sa.String(32), nullable=False),
    sa.Column('name', sa.String(length=300), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sort_name', sa.String(length=300).with_variant(sa.String(length=300, collation='C'), 'postgresql'), nullable=False),
    sa.Column('country_sort', sa.String(length=300).with_variant(sa.String(length=300, collation='C'), 'postgresql'), nullable=False),
    sa.Column('search_text', sa.String(length=2000), nullable=False),
    sa.Column('group_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('group_sort', sa.String(length=300).with_variant(sa.String(length=300, collation='C'), 'postgresql'), nullable=False),
    sa.Column('party_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('mandate_end', sa.Date(), nullable=True),
    sa.Column('email', sa.String(length=320), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('given_name', sa.String(length=150), nullable=True),
    sa.Column('family_name', sa.String(length=150), nullable=True),
    sa.Column('gender', sa.String(length=20), nullable=True),
    sa.Column('birth_date', sa.Date(), nullable=True),
    sa.Column('abbreviation', sa.String(length=40), nullable=True),
    sa.ForeignKeyConstraint(['group_id'], ['contact.id'], name=op.f('fk_contact_group_id')),
    sa.ForeignKeyConstraint(['party_id'], ['contact.id'], name=op.f('fk_contact_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact'))
    )
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.create_index('ix_contact_category_sort_name_id', ['category', 'sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_country_sort_name_id', ['country', 'sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_country_sort_sort_name_id', ['country_sort', 'sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_group_id_sort_name_id', ['group_id', 'sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_group_sort_sort_name_id', ['group_sort', 'sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_kind_sort_name_id', ['kind', 'sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_mandate_end_sort_name_id', ['mandate_end', 'sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_party_id_sort_name_id', ['party_id', 'sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_sort_name_id', ['sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_sort_name_id_search_text', ['sort_name', 'id', 'search_text'], unique=False)

    op.create_table('outbox_batch',
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('reference', sa.String(length=80), nullable=False),
    sa.Column('priority', sa.String(32), nullable=False),
    sa.Column('state', sa.String(32), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_batch')),
    sa.UniqueConstraint('kind', 'reference', name=op.f('uq_outbox_batch_kind_reference'))
    )
    with op.batch_alter_table('outbox_batch', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_batch_state_released_at', ['state', 'released_at'], unique=False)

    op.create_table('outbox_lease',
    sa.Column('token', sa.String(length=32), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('worker', sa.String(length=120), nullable=False),
    sa.Column('host', sa.String(length=300), nullable=False),
    sa.Column('boot', sa.String(length=64), nullable=False),
    sa.Column('pid', sa.Integer(), nullable=False),
    sa.Column('process_start', sa.String(length=40), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_lease')),
    sa.UniqueConstraint('token', name=op.f('uq_outbox_lease_token'))
    )
    if op.get_bind().dialect.name == "postgresql":
        # A crash of the server empties it, and with it the leases whose marks may be lost (see crm.outbox.models).
        op.execute("ALTER TABLE outbox_lease SET UNLOGGED")

    op.create_table('outbox_outage',
    sa.Column('reason', sa.String(32), nullable=False),
    sa.Column('words', sa.String(length=500), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_outage'))
    )
    op.create_table('suppression',
    sa.Column('address_hash', sa.String(length=64), nullable=False),
    sa.Column('key_id', sa.String(length=8), nullable=False),
    sa.Column('reason', sa.String(32), nullable=False),
    sa.Column('source', sa.String(length=80), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suppression')),
    sa.UniqueConstraint('address_hash', name=op.f('uq_suppression_address_hash'))
    )
    with op.batch_alter_table('suppression', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_suppression_key_id'), ['key_id'], unique=False)

    op.create_table('team',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team')),
    sa.UniqueConstraint('name', name=op.f('uq_team_name'))
    )
    op.create_table('treaty',
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('adopted_on', sa.Date(), nullable=True),
    sa.Column('in_force_on', sa.Date(), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_treaty')),
    sa.UniqueConstraint('code', name=op.f('uq_treaty_code'))
    )
    op.create_table('worker_heartbeat',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('queue', sa.String(length=20), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_worker_heartbeat')),
    sa.UniqueConstraint('name', name=op.f('uq_worker_heartbeat_name'))
    )
    with op.batch_alter_table('worker_heartbeat', schema=None) as batch_op:
        batch_op.create_index('ix_worker_heartbeat_queue_at', ['queue', 'at'], unique=False)

    op.create_table('change',
    sa.Column('change_set_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('table_name', sa.String(length=64), nullable=False),
    sa.Column('row_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('before', sa.JSON(), nullable=False),
    sa.Column('after', sa.JSON(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['change_set_id'], ['change_set.id'], name=op.f('fk_change_change_set_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change'))
    )
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.create_index('ix_change_change_set_id_id', ['change_set_id', 'id'], unique=False)
        batch_op.create_index('ix_change_table_name_row_id_change_set_id', ['table_name', 'row_id', 'change_set_id'], unique=False)

    op.create_table('identifier',
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scheme', sa.String(length=40), nullable=False),
    sa.Column('value', sa.String(length=120), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_identifier_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identifier')),
    sa.UniqueConstraint('scheme', 'value', name=op.f('uq_identifier_scheme_value'))
    )
    with op.batch_alter_table('identifier', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identifier_contact_id'), ['contact_id'], unique=False)

    op.create_table('membership',
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('organization_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('on_behalf_of_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('role', sa.String(length=120), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=True),
    sa.Column('term', sa.String(length=40), nullable=True),
    sa.Column('start_date', sa.Date(), nullable=True),
    sa.Column('end_date', sa.Date(), nullable=True),
    sa.Column('ended_by', sa.Date(), nullable=True),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['on_behalf_of_id'], ['contact.id'], name=op.f('fk_membership_on_behalf_of_id')),
    sa.ForeignKeyConstraint(['organization_id'], ['contact.id'], name=op.f('fk_membership_organization_id')),
    sa.ForeignKeyConstraint(['person_id'], ['contact.id'], name=op.f('fk_membership_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership'))
    )
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.create_index('ix_membership_on_behalf_of_id', ['on_behalf_of_id'], unique=False)
        batch_op.create_index('ix_membership_organization_id_end_date_id', ['organization_id', 'end_date', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_membership_person_id'), ['person_id'], unique=False)

    op.create_table('outgoing_message',
    sa.Column('batch_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reference', sa.String(length=80), nullable=False),
    sa.Column('to_address', sa.String(length=320), nullable=False),
    sa.Column('to_name', sa.String(length=300), nullable=False),
    sa.Column('subject', sa.String(length=900), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), nullable=True),
    sa.Column('sender', sa.String(length=640), nullable=True),
    sa.Column('reply_to', sa.String(length=640), nullable=True),
    sa.Column('one_click_unsubscribe', sa.Boolean(), nullable=False),
    sa.Column('message_id_header', sa.String(length=320), nullable=False),
    sa.Column('state', sa.String(32), nullable=False),
    sa.Column('lease_token', sa.String(length=32), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(32), nullable=True),
    sa.Column('reply_code', sa.SmallInteger(), nullable=True),
    sa.Column('reply_text', sa.String(length=500), nullable=True),
    sa.Column('size', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('first_deferred_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('handed_over_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("(next_attempt_at IS NOT NULL) = (state IN ('queued', 'deferred'))", name=op.f('ck_outgoing_message_due_while_waiting')),
    sa.ForeignKeyConstraint(['batch_id'], ['outbox_batch.id'], name=op.f('fk_outgoing_message_batch_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outgoing_message')),
    sa.UniqueConstraint('batch_id', 'reference', name=op.f('uq_outgoing_message_batch_id_reference')),
    sa.UniqueConstraint('message_id_header', name=op.f('uq_outgoing_message_message_id_header'))
    )
    with op.batch_alter_table('outgoing_message', schema=None) as batch_op:
        batch_op.create_index('ix_outgoing_message_batch_id_id', ['batch_id', 'id'], unique=False)
        batch_op.create_index('ix_outgoing_message_batch_id_state_id', ['batch_id', 'state', 'id'], unique=False)
        batch_op.create_index('ix_outgoing_message_lease_token', ['lease_token'], unique=False, sqlite_where=sa.text('lease_token IS NOT NULL'), postgresql_where=sa.text('lease_token IS NOT NULL'))
        batch_op.create_index('ix_outgoing_message_state_id', ['state', 'id'], unique=False)
        batch_op.create_index('ix_outgoing_message_waiting', ['batch_id', 'next_attempt_at'], unique=False, sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))

    op.create_table('timeline_entry',
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('reference', sa.String(length=60), nullable=False),
    sa.Column('summary', sa.String(length=300), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('team_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_timeline_entry_contact_id')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_timeline_entry_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_timeline_entry'))
    )
    with op.batch_alter_table('timeline_entry', schema=None) as batch_op:
        batch_op.create_index('ix_timeline_entry_contact_id_at_id', ['contact_id', 'at', 'id'], unique=False)
        batch_op.create_index('ix_timeline_entry_reference', ['reference'], unique=False)

    op.create_table('user',
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('role', sa.String(32), nullable=False),
    sa.Column('team_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=True),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('timezone', sa.String(length=64), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_user_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user')),
    sa.UniqueConstraint('email', name=op.f('uq_user_email'))
    )
    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.create_index('ix_user_name_id', ['name', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_team_id'), ['team_id'], unique=False)

    op.create_table('account_token',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(32), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_account_token_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_token')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_account_token_token_hash'))
    )
    with op.batch_alter_table('account_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_token_user_id'), ['user_id'], unique=False)

    op.create_table('campaign',
    sa.Column('name', sa.String(length=160), nullable=False),
    sa.Column('treaty_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('goal', sa.String(length=300), nullable=False),
    sa.Column('goal_by', sa.Date(), nullable=True),
    sa.Column('team_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_campaign_owner_id')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_campaign_team_id')),
    sa.ForeignKeyConstraint(['treaty_id'], ['treaty.id'], name=op.f('fk_campaign_treaty_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaign')),
    sa.UniqueConstraint('name', name=op.f('uq_campaign_name'))
    )
    with op.batch_alter_table('campaign', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_campaign_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_campaign_team_id'), ['team_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_campaign_treaty_id'), ['treaty_id'], unique=False)

    op.create_table('contact_point',
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('value', sa.String(length=320), nullable=False),
    sa.Column('status', sa.String(32), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('membership_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_contact_point_contact_id')),
    sa.ForeignKeyConstraint(['membership_id'], ['membership.id'], name=op.f('fk_contact_point_membership_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_point')),
    sa.UniqueConstraint('contact_id', 'kind', 'value', name=op.f('uq_contact_point_contact_id_kind_value'))
    )
    with op.batch_alter_table('contact_point', schema=None) as batch_op:
        batch_op.create_index('ix_contact_point_kind_value', ['kind', 'value'], unique=False)
        batch_op.create_index(batch_op.f('ix_contact_point_membership_id'), ['membership_id'], unique=False)

    op.create_table('import',
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('file_hash', sa.String(length=64), nullable=False),
    sa.Column('stored_name', sa.String(length=100), nullable=True),
    sa.Column('format', sa.String(32), nullable=False),
    sa.Column('institution', sa.String(length=300), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('as_of_source', sa.String(32), nullable=False),
    sa.Column('complete', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(32), nullable=False),
    sa.Column('state_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('problem', sa.String(length=500), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.Column('survey', sa.JSON(), nullable=False),
    sa.Column('alarms_confirmed', sa.Boolean(), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_set_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['change_set_id'], ['change_set.id'], name=op.f('fk_import_change_set_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_import_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import'))
    )
    with op.batch_alter_table('import', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_import_file_hash'), ['file_hash'], unique=False)
        batch_op.create_index('ix_import_institution_as_of', ['institution', 'as_of'], unique=False)
        batch_op.create_index('ix_import_state_since', ['state', 'state_since'], unique=False)

    op.create_table('user_session',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('user_agent', sa.String(length=300), nullable=False),
    sa.Column('address', sa.String(length=45), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_user_session_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_session')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_user_session_token_hash'))
    )
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_session_user_id'), ['user_id'], unique=False)

    op.create_table('import_row',
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('name', sa.String(length=300), nullable=False),
    sa.Column('search_text', sa.String(length=600), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=True),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('record', sa.JSON(), nullable=False),
    sa.Column('diff', sa.JSON(), nullable=False),
    sa.Column('candidates', sa.JSON(), nullable=False),
    sa.Column('decision', sa.String(32), nullable=True),
    sa.Column('chosen_id', sa.BigInteger(), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['import.id'], name=op.f('fk_import_row_import_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_row'))
    )
    with op.batch_alter_table('import_row', schema=None) as batch_op:
        batch_op.create_index('ix_import_row_contact_id', ['contact_id'], unique=False)
        batch_op.create_index('ix_import_row_import_id_kind_line_id', ['import_id', 'kind', 'line', 'id'], unique=False)
        batch_op.create_index('ix_import_row_import_id_line_id', ['import_id', 'line', 'id'], unique=False)

    op.create_table('letter_template',
    sa.Column('campaign_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=160), nullable=False),
    sa.Column('purpose', sa.String(length=300), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_letter_template_campaign_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter_template')),
    sa.UniqueConstraint('campaign_id', 'name', name=op.f('uq_letter_template_campaign_id_name'))
    )
    op.create_table('target',
    sa.Column('campaign_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stage', sa.String(32), nullable=False),
    sa.Column('stage_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('close_reason', sa.String(32), nullable=True),
    sa.Column('priority', sa.String(32), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('ask', sa.String(length=300), nullable=False),
    sa.Column('next_step', sa.String(length=300), nullable=False),
    sa.Column('next_step_due', sa.Date(), nullable=True),
    sa.Column('due_order', sa.Date(), sa.Computed("CASE WHEN stage = 'closed' OR next_step_due IS NULL THEN '9999-12-31' ELSE next_step_due END", persisted=True), nullable=False),
    sa.Column('priority_order', sa.SmallInteger(), sa.Computed("CASE priority WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END", persisted=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_target_campaign_id')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_target_contact_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_target_owner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_target')),
    sa.UniqueConstraint('campaign_id', 'contact_id', name=op.f('uq_target_campaign_id_contact_id'))
    )
    with op.batch_alter_table('target', schema=None) as batch_op:
        batch_op.create_index('ix_target_board', ['campaign_id', 'stage', 'due_order', 'priority_order', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_target_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index('ix_target_list', ['campaign_id', 'due_order', 'priority_order', 'id'], unique=False)
        batch_op.create_index('ix_target_owner_id_due_order_id', ['owner_id', 'due_order', 'id'], unique=False)
        batch_op.create_index('ix_target_recent', ['campaign_id', 'stage_since', 'id'], unique=False)

    op.create_table('stage_move',
    sa.Column('target_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('from_stage', sa.String(32), nullable=True),
    sa.Column('to_stage', sa.String(32), nullable=False),
    sa.Column('close_reason', sa.String(32), nullable=True),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['target_id'], ['target.id'], name=op.f('fk_stage_move_target_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stage_move'))
    )
    with op.batch_alter_table('stage_move', schema=None) as batch_op:
        batch_op.create_index('ix_stage_move_target_id_to_stage_at', ['target_id', 'to_stage', 'at'], unique=False)

    op.create_table('wording',
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('written_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('frozen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['template_id'], ['letter_template.id'], name=op.f('fk_wording_template_id')),
    sa.ForeignKeyConstraint(['written_by_id'], ['user.id'], name=op.f('fk_wording_written_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wording')),
    sa.UniqueConstraint('template_id', 'language', 'version', name=op.f('uq_wording_template_id_language_version'))
    )
    op.create_table('mailing',
    sa.Column('campaign_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('wording_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=160), nullable=False),
    sa.Column('audience', sa.JSON(), nullable=False),
    sa.Column('sender_name', sa.String(length=120), nullable=False),
    sa.Column('reply_to', sa.String(length=254), nullable=False),
    sa.Column('state', sa.String(32), nullable=False),
    sa.Column('batch_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('letters', sa.Integer(), nullable=False),
    sa.Column('skipped', sa.JSON(), nullable=False),
    sa.Column('audience_size', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('planned_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approved_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['approved_by_id'], ['user.id'], name=op.f('fk_mailing_approved_by_id')),
    sa.ForeignKeyConstraint(['batch_id'], ['outbox_batch.id'], name=op.f('fk_mailing_batch_id')),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_mailing_campaign_id')),
    sa.ForeignKeyConstraint(['planned_by_id'], ['user.id'], name=op.f('fk_mailing_planned_by_id')),
    sa.ForeignKeyConstraint(['template_id'], ['letter_template.id'], name=op.f('fk_mailing_template_id')),
    sa.ForeignKeyConstraint(['wording_id'], ['wording.id'], name=op.f('fk_mailing_wording_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mailing')),
    sa.UniqueConstraint('batch_id', name=op.f('uq_mailing_batch_id'))
    )
    with op.batch_alter_table('mailing', schema=None) as batch_op:
        batch_op.create_index('ix_mailing_campaign_id_id', ['campaign_id', 'id'], unique=False)
        batch_op.create_index('ix_mailing_state', ['state'], unique=False)
        batch_op.create_index(batch_op.f('ix_mailing_template_id'), ['template_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_mailing_wording_id'), ['wording_id'], unique=False)

    op.create_table('letter',
    sa.Column('mailing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('target_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('wording_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('address', sa.String(length=320), nullable=True),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('skip_reason', sa.String(32), nullable=True),
    sa.Column('skip_detail', sa.String(length=300), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_letter_contact_id')),
    sa.ForeignKeyConstraint(['mailing_id'], ['mailing.id'], name=op.f('fk_letter_mailing_id')),
    sa.ForeignKeyConstraint(['message_id'], ['outgoing_message.id'], name=op.f('fk_letter_message_id')),
    sa.ForeignKeyConstraint(['target_id'], ['target.id'], name=op.f('fk_letter_target_id')),
    sa.ForeignKeyConstraint(['wording_id'], ['wording.id'], name=op.f('fk_letter_wording_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter')),
    sa.UniqueConstraint('mailing_id', 'target_id', name=op.f('uq_letter_mailing_id_target_id')),
    sa.UniqueConstraint('message_id', name=op.f('uq_letter_message_id'))
    )
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_letter_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index('ix_letter_mailing_id_address', ['mailing_id', 'address'], unique=False)
        batch_op.create_index('ix_letter_skipped', ['mailing_id', 'target_id'], unique=False, sqlite_where=sa.text('skip_reason IS NOT NULL'), postgresql_where=sa.text('skip_reason IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_letter_target_id'), ['target_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_letter_wording_id'), ['wording_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_letter_wording_id'))
        batch_op.drop_index(batch_op.f('ix_letter_target_id'))
        batch_op.drop_index('ix_letter_skipped', sqlite_where=sa.text('skip_reason IS NOT NULL'), postgresql_where=sa.text('skip_reason IS NOT NULL'))
        batch_op.drop_index('ix_letter_mailing_id_address')
        batch_op.drop_index(batch_op.f('ix_letter_contact_id'))

    op.drop_table('letter')
    with op.batch_alter_table('mailing', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mailing_wording_id'))
        batch_op.drop_index(batch_op.f('ix_mailing_template_id'))
        batch_op.drop_index('ix_mailing_state')
        batch_op.drop_index('ix_mailing_campaign_id_id')

    op.drop_table('mailing')
    op.drop_table('wording')
    with op.batch_alter_table('stage_move', schema=None) as batch_op:
        batch_op.drop_index('ix_stage_move_target_id_to_stage_at')

    op.drop_table('stage_move')
    with op.batch_alter_table('target', schema=None) as batch_op:
        batch_op.drop_index('ix_target_recent')
        batch_op.drop_index('ix_target_owner_id_due_order_id')
        batch_op.drop_index('ix_target_list')
        batch_op.drop_index(batch_op.f('ix_target_contact_id'))
        batch_op.drop_index('ix_target_board')

    op.drop_table('target')
    op.drop_table('letter_template')
    with op.batch_alter_table('import_row', schema=None) as batch_op:
        batch_op.drop_index('ix_import_row_import_id_line_id')
        batch_op.drop_index('ix_import_row_import_id_kind_line_id')
        batch_op.drop_index('ix_import_row_contact_id')

    op.drop_table('import_row')
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_session_user_id'))

    op.drop_table('user_session')
    with op.batch_alter_table('import', schema=None) as batch_op:
        batch_op.drop_index('ix_import_state_since')
        batch_op.drop_index('ix_import_institution_as_of')
        batch_op.drop_index(batch_op.f('ix_import_file_hash'))

    op.drop_table('import')
    with op.batch_alter_table('contact_point', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_contact_point_membership_id'))
        batch_op.drop_index('ix_contact_point_kind_value')

    op.drop_table('contact_point')
    with op.batch_alter_table('campaign', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_campaign_treaty_id'))
        batch_op.drop_index(batch_op.f('ix_campaign_team_id'))
        batch_op.drop_index(batch_op.f('ix_campaign_owner_id'))

    op.drop_table('campaign')
    with op.batch_alter_table('account_token', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_token_user_id'))

    op.drop_table('account_token')
    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_team_id'))
        batch_op.drop_index('ix_user_name_id')

    op.drop_table('user')
    with op.batch_alter_table('timeline_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_timeline_entry_reference')
        batch_op.drop_index('ix_timeline_entry_contact_id_at_id')

    op.drop_table('timeline_entry')
    with op.batch_alter_table('outgoing_message', schema=None) as batch_op:
        batch_op.drop_index('ix_outgoing_message_waiting', sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))
        batch_op.drop_index('ix_outgoing_message_state_id')
        batch_op.drop_index('ix_outgoing_message_lease_token', sqlite_where=sa.text('lease_token IS NOT NULL'), postgresql_where=sa.text('lease_token IS NOT NULL'))
        batch_op.drop_index('ix_outgoing_message_batch_id_state_id')
        batch_op.drop_index('ix_outgoing_message_batch_id_id')

    op.drop_table('outgoing_message')
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_membership_person_id'))
        batch_op.drop_index('ix_membership_organization_id_end_date_id')
        batch_op.drop_index('ix_membership_on_behalf_of_id')

    op.drop_table('membership')
    with op.batch_alter_table('identifier', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identifier_contact_id'))

    op.drop_table('identifier')
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.drop_index('ix_change_table_name_row_id_change_set_id')
        batch_op.drop_index('ix_change_change_set_id_id')

    op.drop_table('change')
    with op.batch_alter_table('worker_heartbeat', schema=None) as batch_op:
        batch_op.drop_index('ix_worker_heartbeat_queue_at')

    op.drop_table('worker_heartbeat')
    op.drop_table('treaty')
    op.drop_table('team')
    with op.batch_alter_table('suppression', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_suppression_key_id'))

    op.drop_table('suppression')
    op.drop_table('outbox_outage')
    op.drop_table('outbox_lease')
    with op.batch_alter_table('outbox_batch', schema=None) as batch_op:
        batch_op.drop_index('ix_outbox_batch_state_released_at')

    op.drop_table('outbox_batch')
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_index('ix_contact_sort_name_id_search_text')
        batch_op.drop_index('ix_contact_sort_name_id')
        batch_op.drop_index('ix_contact_party_id_sort_name_id')
        batch_op.drop_index('ix_contact_mandate_end_sort_name_id')
        batch_op.drop_index('ix_contact_kind_sort_name_id')
        batch_op.drop_index('ix_contact_group_sort_sort_name_id')
        batch_op.drop_index('ix_contact_group_id_sort_name_id')
        batch_op.drop_index('ix_contact_country_sort_sort_name_id')
        batch_op.drop_index('ix_contact_country_sort_name_id')
        batch_op.drop_index('ix_contact_category_sort_name_id')

    op.drop_table('contact')
    with op.batch_alter_table('change_set', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_change_set_at'))
        batch_op.drop_index('ix_change_set_actor_id')
        batch_op.drop_index('ix_change_set_action_id')

    op.drop_table('change_set')
