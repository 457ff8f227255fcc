"""Index the words contacts are found by.

Revision ID: 0005
Revises: 0004
"""
from alembic import op
import sqlalchemy as sa

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROWS = 1000


def upgrade() -> None:
    word = sa.String(length=2000).with_variant(sa.String(length=2000, collation="C"), "postgresql")
    words = op.create_table("search_word",
    sa.Column("word", word, nullable=False),
    sa.PrimaryKeyConstraint("word", name=op.f("pk_search_word")),
    sqlite_with_rowid=False,
    )
    postings = op.create_table("search_posting",
    sa.Column("word", word, nullable=False),
    sa.Column("in_name", sa.Boolean(), nullable=False),
    sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint("word", "in_name", "subject_id", name=op.f("pk_search_posting")),
    sqlite_with_rowid=False,
    )
    # The texts are folded already: their words are what blanks divide.
    connection = op.get_bind()
    contacts = sa.table("contact", sa.column("id"), sa.column("sort_name"), sa.column("search_text"))
    known: set[str] = set()
    last = 0
    while found := connection.execute(
        sa.select(contacts).where(contacts.c.id > last).order_by(contacts.c.id).limit(ROWS)
    ).all():
        last = found[-1].id
        rows = []
        for row in found:
            text = dict.fromkeys(row.search_text.split(), False)
            if text:
                text.update(dict.fromkeys(row.sort_name.split(), True))
            rows += [{"word": word, "in_name": in_name, "subject_id": row.id} for word, in_name in text.items()]
        new = {row["word"] for row in rows} - known
        known |= new
        if new:
            connection.execute(sa.insert(words), [{"word": word} for word in sorted(new)])
        if rows:
            connection.execute(sa.insert(postings), rows)


def downgrade() -> None:
    op.drop_table("search_posting")
    op.drop_table("search_word")
