"""describe contacts whole."""

import sqlalchemy as sa
from alembic import op

import crm.database

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('contact_language',
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_contact_language_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_language')),
    sa.UniqueConstraint('contact_id', 'language', name=op.f('uq_contact_language_contact_id_language'))
    )
    with op.batch_alter_table('contact_language', schema=None) as batch_op:
        batch_op.create_index('ix_contact_language_language_contact_id', ['language', 'contact_id'], unique=False)

    op.create_table('contact_source',
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.Column('url', sa.String(length=500), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_contact_source_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_source')),
    sa.UniqueConstraint('contact_id', 'label', 'url', name=op.f('uq_contact_source_contact_id_label_url'))
    )
    with op.batch_alter_table('contact_source', schema=None) as batch_op:
        batch_op.create_index('ix_contact_source_label_contact_id', ['label', 'contact_id'], unique=False)

    op.create_table('other_name',
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=300), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('start_date', sa.Date(), nullable=True),
    sa.Column('end_date', sa.Date(), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_other_name_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_other_name')),
    sa.UniqueConstraint('contact_id', 'name', name=op.f('uq_other_name_contact_id_name'))
    )
    op.create_table('post',
    sa.Column('organization_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=True),
    sa.Column('region', sa.String(length=6), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['contact.id'], name=op.f('fk_post_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_post')),
    sa.UniqueConstraint('organization_id', 'label', name=op.f('uq_post_organization_id_label'))
    )
    op.create_table('relationship',
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('object_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('start_date', sa.Date(), nullable=True),
    sa.Column('end_date', sa.Date(), nullable=True),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('team_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['object_id'], ['contact.id'], name=op.f('fk_relationship_object_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['contact.id'], name=op.f('fk_relationship_subject_id')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_relationship_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_relationship')),
    sa.UniqueConstraint('subject_id', 'object_id', 'kind', 'start_date', name=op.f('uq_relationship_subject_id_object_id_kind_start_date'))
    )
    with op.batch_alter_table('relationship', schema=None) as batch_op:
        batch_op.create_index('ix_relationship_object_id', ['object_id'], unique=False)

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.add_column(sa.Column('category_override', sa.String(32), nullable=True))
        batch_op.add_column(sa.Column('region', sa.String(length=6), nullable=True))
        batch_op.add_column(sa.Column('forms_of_address', sa.JSON(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('institution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('honorific_prefix', sa.String(length=60), nullable=True))
        batch_op.add_column(sa.Column('honorific_suffix', sa.String(length=60), nullable=True))
        batch_op.add_column(sa.Column('death_date', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('holders_are', sa.String(32), nullable=True))
        batch_op.add_column(sa.Column('parent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('founding_date', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('dissolution_date', sa.Date(), nullable=True))
        batch_op.create_index('ix_contact_institution_id_sort_name_id', ['institution_id', 'sort_name', 'id'], unique=False)
        batch_op.create_index('ix_contact_owner_id_sort_name_id', ['owner_id', 'sort_name', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_contact_parent_id'), ['parent_id'], unique=False)
        batch_op.create_index('ix_contact_region_sort_name_id', ['region', 'sort_name', 'id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_contact_owner_id'), 'user', ['owner_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_contact_institution_id'), 'contact', ['institution_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_contact_parent_id'), 'contact', ['parent_id'], ['id'])

    with op.batch_alter_table('contact_point', schema=None) as batch_op:
        batch_op.add_column(sa.Column('label', sa.String(length=120), server_default='', nullable=False))
        batch_op.alter_column('value',
               existing_type=sa.VARCHAR(length=320),
               type_=sa.String(length=500),
               existing_nullable=False)

    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.add_column(sa.Column('post_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('region', sa.String(length=6), nullable=True))
        batch_op.add_column(sa.Column('constituency', sa.String(length=200), nullable=True))
        batch_op.alter_column('role',
               existing_type=sa.VARCHAR(length=120),
               type_=sa.String(length=300),
               existing_nullable=False)
        batch_op.create_index(batch_op.f('ix_membership_post_id'), ['post_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_membership_post_id'), 'post', ['post_id'], ['id'])

    # What people are follows from their offices now. Only the European Parliament's were told by their seat before:
    # everybody else's category was set by somebody, and an organization's always is.
    op.execute("""
        UPDATE contact SET holders_are = 'mep' WHERE id IN (
            SELECT contact_id FROM identifier WHERE scheme = 'europarl-body' AND value = 'EP'
        )
    """)
    op.execute("""
        UPDATE contact SET category_override = category WHERE NOT (
            kind = 'person' AND category = 'mep' AND id IN (
                SELECT person_id FROM membership JOIN contact AS body ON body.id = membership.organization_id
                WHERE body.holders_are = 'mep'
            )
        )
    """)
    op.execute("UPDATE contact SET category_override = 'government' WHERE kind = 'organization' AND category = 'national_official'")
    op.execute("UPDATE contact SET category = 'government' WHERE kind = 'organization' AND category = 'national_official'")


def downgrade() -> None:
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_membership_post_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_membership_post_id'))
        batch_op.alter_column('role',
               existing_type=sa.String(length=300),
               type_=sa.VARCHAR(length=120),
               existing_nullable=False)
        batch_op.drop_column('constituency')
        batch_op.drop_column('region')
        batch_op.drop_column('post_id')

    with op.batch_alter_table('contact_point', schema=None) as batch_op:
        batch_op.alter_column('value',
               existing_type=sa.String(length=500),
               type_=sa.VARCHAR(length=320),
               existing_nullable=False)
        batch_op.drop_column('label')

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_contact_parent_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_contact_institution_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_contact_owner_id'), type_='foreignkey')
        batch_op.drop_index('ix_contact_region_sort_name_id')
        batch_op.drop_index(batch_op.f('ix_contact_parent_id'))
        batch_op.drop_index('ix_contact_owner_id_sort_name_id')
        batch_op.drop_index('ix_contact_institution_id_sort_name_id')
        batch_op.drop_column('dissolution_date')
        batch_op.drop_column('founding_date')
        batch_op.drop_column('parent_id')
        batch_op.drop_column('holders_are')
        batch_op.drop_column('death_date')
        batch_op.drop_column('honorific_suffix')
        batch_op.drop_column('honorific_prefix')
        batch_op.drop_column('institution_id')
        batch_op.drop_column('owner_id')
        batch_op.drop_column('forms_of_address')
        batch_op.drop_column('region')
        batch_op.drop_column('category_override')

    with op.batch_alter_table('relationship', schema=None) as batch_op:
        batch_op.drop_index('ix_relationship_object_id')

    op.drop_table('relationship')
    op.drop_table('post')
    op.drop_table('other_name')
    with op.batch_alter_table('contact_source', schema=None) as batch_op:
        batch_op.drop_index('ix_contact_source_label_contact_id')

    op.drop_table('contact_source')
    with op.batch_alter_table('contact_language', schema=None) as batch_op:
        batch_op.drop_index('ix_contact_language_language_contact_id')

    op.drop_table('contact_language')