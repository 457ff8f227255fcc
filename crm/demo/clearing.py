"""Clears the demo away, wholly: its rows, its files, its words in the index, and its trail but for one summary."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from flask import current_app

from config import Settings
from crm.accounts import passwords
from crm.accounts.models import User
from crm.attachments.models import Attachment
from crm.attachments.storage import path_of
from crm.audit.models import Change, ChangeSet
from crm.database import Base
from crm.demo.doomed import Doomed, is_own
from crm.demo.rows import CROWDED, LOADED, demo_is_loaded, demo_rows
from crm.demo.users import PASSWORD, USERS
from crm.directory.models import Contact, ContactPoint, Membership, PointKind
from crm.directory.projection import project
from crm.extensions import db
from crm.letters.models import Mailing
from crm.outbox.addresses import address_hash
from crm.outbox.models import Batch, OutgoingMessage, Suppression
from crm.pipeline.models import Campaign
from crm.progress import report
from crm.roster_import.models import Import
from crm.search_index.actions import forget_unused_words
from crm.search_index.models import postings
from crm.timeline.models import TimelineEntry
from crm.unit_of_work import current_unit_of_work, unit_of_work

_CHUNK = 500
# In the trail of a clearing that leaves nobody's work behind, only who signs in stays on record.
_STAYS_ON_RECORD = ("user", "team")
NOTICES = "notice"
# As its progress is called, and the one line of the trail.
WORK = "clear demo"


@dataclass(frozen=True)
class Cleared:
    """What is gone, by table, and files nobody refers to any more, to be removed after the commit."""

    rows: dict[str, int] = field(default_factory=dict)
    files: Sequence[Path] = ()


def known_to_everybody(user: User) -> bool:
    """Whether it is a user of the demo still, who comes in by the password everybody knows."""
    return user.email in {each.email for each in USERS} and passwords.verify(user.password_hash, PASSWORD)


def _tables() -> Iterator[sa.Table]:
    """All tables with rows of their own, those that refer to others first."""
    return (table for table in reversed(Base.metadata.sorted_tables) if "id" in table.c)


def _references_to(table: sa.Table) -> list[sa.Column[int]]:
    return [
        column
        for other in _tables()
        for column in other.c
        if any(key.column.table is table for key in column.foreign_keys)
    ]


def _files_referred_to() -> set[int]:
    columns = _references_to(Base.metadata.tables["attachment"])
    return {found for column in columns for found in db.session.scalars(sa.select(column).where(column.is_not(None)))}


def doomed_rows(keeper_id: int | None = None) -> Doomed:
    """The rows that go; never `keeper_id`, who clears them."""
    users = db.session.scalars(sa.select(User).where(User.id != (keeper_id or 0)))
    gone, ranges = [user.id for user in users if known_to_everybody(user)], demo_rows()
    mailings = Doomed(ranges, gone, (), ()).of(Base.metadata.tables["mailing"])
    posted = sa.select(Mailing.batch_id).where(Mailing.batch_id.is_not(None))
    batches = {each for each in db.session.scalars(posted.where(mailings)) if each}
    # Notices tell of what stands on Today as well; their batch is opened again by the next one.
    batches |= set(db.session.scalars(sa.select(Batch.id).where(Batch.kind == NOTICES)))
    files = [each for start, end in ranges.get("attachment", ()) for each in range(start, end + 1)]
    return Doomed(ranges, gone, batches, files)


@dataclass(frozen=True)
class Staying:
    """What people have added themselves, and keep."""

    contacts: int
    campaigns: int
    imports: int
    users: Sequence[str]

    @property
    def anything(self) -> bool:
        """Whether there is real work beside the demo."""
        return bool(self.contacts or self.campaigns or self.imports)


def staying(doomed: Doomed, keeper_id: int) -> Staying:
    """What stays beside the demo, in a few counts."""

    def left(model: type[Base]) -> int:
        table = Base.metadata.tables[model.__tablename__]
        statement = sa.select(sa.func.count()).select_from(table).where(sa.not_(doomed.of(table)))
        return db.session.scalar(statement) or 0

    gone = doomed.of(Base.metadata.tables["user"])
    users = sa.select(User.name).where(User.active, User.id != keeper_id, sa.not_(gone))
    return Staying(left(Contact), left(Campaign), left(Import), db.session.scalars(users.order_by(User.name)).all())


def _blocked(doomed: Doomed) -> Iterator[str]:
    """The hashes of the demo's addresses."""
    point, message = Base.metadata.tables["contact_point"], Base.metadata.tables["outgoing_message"]
    addresses = sa.union(
        sa.select(ContactPoint.value).where(ContactPoint.kind == PointKind.EMAIL, doomed.of(point)),
        sa.select(OutgoingMessage.to_address).where(doomed.of(message)),
    )
    return (address_hash(address) for address in db.session.scalars(addresses).all())


def _in_chunks(values: Iterable[str]) -> Iterator[list[str]]:
    found = list(values)
    return (found[start : start + _CHUNK] for start in range(0, len(found), _CHUNK))


class _Clearing:
    """One clearing, table by table, those that refer to others first."""

    def __init__(self, doomed: Doomed, keeper_id: int) -> None:
        self.doomed = doomed
        self.keeper_id = keeper_id
        self.mixed = staying(doomed, keeper_id).anything
        self.last_set = db.session.scalar(sa.select(sa.func.max(ChangeSet.id))) or 0
        self.sets: set[int] = set()
        self.rows: dict[str, int] = {}

    def forget_words(self) -> None:
        """Take the contacts out of the search index, and their addresses off the list of blocked ones."""
        # Takes the lock of the index, which comes before any other write.
        forget_unused_words()
        gone = self.doomed.ids(Base.metadata.tables["contact"])
        if gone is not None:
            db.session.execute(sa.delete(postings).where(postings.c.subject_id.in_(gone)))
            forget_unused_words()
        for some in _in_chunks(_blocked(self.doomed)):
            db.session.execute(sa.delete(Suppression).where(Suppression.address_hash.in_(some)))
        mails = sa.select(Batch.id).where(Batch.kind == NOTICES)
        users = self.doomed.ids(Base.metadata.tables["user"])
        told = sa.select(User.email).where(User.id.in_(users if users is not None else ()))
        db.session.execute(
            sa.delete(OutgoingMessage)
            .where(sa.or_(OutgoingMessage.batch_id.in_(mails), OutgoingMessage.to_address.in_(told)))
            .execution_options(synchronize_session=False)
        )

    def clear(self, table: sa.Table) -> None:
        """Delete what goes of one table; what stays elsewhere and pointed to it points to nothing, or to the keeper."""
        ids = self.doomed.ids(table)
        if ids is None or table.name in ("change", "change_set"):
            return
        self._forget_trail(table, ids)
        named = sa.select(sa.literal(f"{table.name}:") + sa.cast(table.c.id, sa.String)).where(self.doomed.of(table))
        db.session.execute(
            sa.delete(TimelineEntry)
            .where(TimelineEntry.reference.in_(named.correlate(None)))
            .execution_options(synchronize_session=False)
        )
        for column in _references_to(table):
            if column.nullable:
                self._point(column, ids, None)
            elif table.name == "user" and not is_own(column.table):
                self._point(column, ids, self.keeper_id)
        deleted = db.session.execute(sa.delete(table).where(self.doomed.of(table)))
        if count := deleted.rowcount:  # type: ignore[attr-defined]  # of a DELETE it has one
            self.rows[table.name] = count

    def _point(self, column: sa.Column[int], ids: sa.Select[tuple[int]], to: int | None) -> None:
        db.session.execute(sa.update(column.table).where(column.in_(ids)).values({column.name: to}))

    def _forget_trail(self, table: sa.Table, ids: sa.Select[tuple[int]]) -> None:
        if not self.mixed:
            return
        about = sa.and_(Change.table_name == table.name, Change.row_id.in_(ids))
        self.sets |= set(db.session.scalars(sa.select(Change.change_set_id).where(about).distinct()))
        db.session.execute(sa.delete(Change).where(about).execution_options(synchronize_session=False))

    def close_trail(self) -> None:
        """Leave of the trail what is about the work that stays."""
        own = sa.select(ChangeSet.id).where(ChangeSet.action.in_((LOADED, CROWDED)))
        before = ChangeSet.id <= self.last_set
        if self.mixed:
            db.session.execute(sa.delete(Change).where(Change.change_set_id.in_(own)))
            emptied = sa.and_(ChangeSet.id.in_(self.sets), ~sa.exists().where(Change.change_set_id == ChangeSet.id))
            gone = sa.select(ChangeSet.id).where(before, sa.or_(ChangeSet.id.in_(own), emptied))
        else:
            kept = sa.and_(Change.table_name.in_(_STAYS_ON_RECORD), Change.change_set_id.not_in(own))
            db.session.execute(sa.delete(Change).where(Change.change_set_id <= self.last_set, sa.not_(kept)))
            gone = sa.select(ChangeSet.id).where(before, ~sa.exists().where(Change.change_set_id == ChangeSet.id))
        sets = list(db.session.scalars(gone))
        for start in range(0, len(sets), _CHUNK):
            some = sets[start : start + _CHUNK]
            for column in _references_to(Base.metadata.tables["change_set"]):
                if column.nullable:
                    db.session.execute(sa.update(column.table).where(column.in_(some)).values({column.name: None}))
            db.session.execute(sa.delete(ChangeSet).where(ChangeSet.id.in_(some)))


def clear_demo(keeper_id: int, progress: Callable[[int, int], None]) -> Cleared:
    """Clear the demo in the running unit of work, in the name of `keeper_id`, who also takes over what stays of it."""
    doomed = doomed_rows(keeper_id)
    work = _Clearing(doomed, keeper_id)
    files = _files_referred_to()
    members = _members_left(doomed)
    work.forget_words()
    tables = list(_tables())
    for number, table in enumerate(tables):
        work.clear(table)
        progress(number + 1, len(tables))
    lost = _lost_files(files)
    work.close_trail()
    db.session.expire_all()
    project(members)
    # One summary in place of the trail.
    current_unit_of_work().notes["cleared"] = work.rows
    return Cleared(work.rows, lost)


def _members_left(doomed: Doomed) -> list[int]:
    """People who stay, and lose an office in an organization that goes: what they are to a campaign is derived anew."""
    gone = doomed.ids(Base.metadata.tables["contact"])
    if gone is None:
        return []
    touched = sa.or_(Membership.organization_id.in_(gone), Membership.on_behalf_of_id.in_(gone))
    return list(db.session.scalars(sa.select(Membership.person_id).where(touched, Membership.person_id.not_in(gone))))


def _lost_files(referred_to: set[int]) -> list[Path]:
    """Delete the files that something referred to and nothing does any more; where their bytes are."""
    lost = referred_to - _files_referred_to()
    sums = set(db.session.scalars(sa.select(Attachment.sha256).where(Attachment.id.in_(lost))))
    db.session.execute(sa.delete(Attachment).where(Attachment.id.in_(lost)))
    kept = set(db.session.scalars(sa.select(Attachment.sha256).where(Attachment.sha256.in_(sums))))
    return [path_of(each) for each in sums - kept]


def _remove_files(cleared: Cleared) -> None:
    """Remove what the rows referred to, exports, and the letters that were caught instead of sent."""
    settings: Settings = current_app.extensions["settings"]
    for path in cleared.files:
        path.unlink(missing_ok=True)
    shutil.rmtree(settings.data / "exports", ignore_errors=True)
    if settings.mail_catcher:
        for folder in ("new", "cur"):
            for letter in (settings.caught_mail / folder).glob("*"):
                letter.unlink(missing_ok=True)


def clear_away(keeper_id: int) -> None:
    """Clear the demo in a transaction of its own, in the name of who asked for it; done twice it is the same."""
    if not demo_is_loaded():
        return
    try:
        with unit_of_work(WORK, actor=f"user:{keeper_id}"):
            cleared = clear_demo(keeper_id, lambda done, total: report(WORK, done, total))
    except BaseException:
        report(WORK, 0, 0)
        raise
    _remove_files(cleared)
