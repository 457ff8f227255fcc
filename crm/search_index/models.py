"""The two tables of the index: every word there is, and whose text it stands in."""

from __future__ import annotations

import sqlalchemy as sa

from crm.database import Base

# Folded text compares by its bytes on every database. The longest word is a whole text without a blank.
_WORD = sa.String(2000).with_variant(sa.String(2000, collation="C"), "postgresql")

# Tables rather than classes: rows come and go by the thousand and are never loaded.
#
# The vocabulary is short however many texts there are, so that looking through it for a part of a word costs little.
words = sa.Table("search_word", Base.metadata, sa.Column("word", _WORD, primary_key=True), sqlite_with_rowid=False)

# A subject is the id of whoever the text is about; the index knows no feature, so no foreign key. A posting too many
# costs one look at its subject's text, which has the last word; one too few would hide somebody.
postings = sa.Table(
    "search_posting",
    Base.metadata,
    sa.Column("word", _WORD, primary_key=True),
    # Whether the word is part of the name itself rather than of what else is known of the subject.
    sa.Column("in_name", sa.Boolean, primary_key=True),
    sa.Column("subject_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
