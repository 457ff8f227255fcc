"""A whole product with two teams, and for each argument of a route the rows that stand for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import AnyConverter, Rule

from config import Settings
from crm import clock
from crm.accounts.models import AccountToken, Team, TokenPurpose, User, UserSession
from crm.accounts.tokens import token_hash
from crm.attachments.actions import store
from crm.attachments.models import Attachment
from crm.audit.models import ChangeSet
from crm.coalition.actions import follow_partner
from crm.coalition.models import Feed, Partner
from crm.demo.actions import load_demo
from crm.directory.models import Contact, ContactMerge, ContactPoint, Membership, Relationship
from crm.duplicates.models import DuplicateProposal
from crm.exports.jobs import prepare
from crm.exports.models import Export, ExportFormat, ExportState
from crm.exports.queries import TARGETS_OF
from crm.extensions import db
from crm.history.actions import What, record_interaction
from crm.history.models import Interaction, InteractionKind, Task
from crm.inbound.models import Answer, InboundMessage
from crm.inbox.models import ReaderRequest, RequestKind
from crm.letters.models import Approach, FindingCode, Letter, LetterTemplate, Mailing, Wording
from crm.outbox.models import Batch, OutgoingMessage, Suppression
from crm.outbox.unsubscribing import unsubscribe_token
from crm.overview.actions import save_view
from crm.overview.agenda.sections import Section
from crm.overview.models import BulkAction, BulkChange, SavedView
from crm.overview.reminders import stop_token
from crm.pipeline.models import (
    AnswerKind,
    Campaign,
    Commitment,
    CommitmentAnswer,
    CommitmentLink,
    Target,
    TargetAction,
    TargetChange,
)
from crm.places.actions import add_alias
from crm.places.models import PlaceAlias
from crm.policy import Role
from crm.roster_import.models import Import, ImportRow
from crm.stances.models import Statement
from crm.treaties.actions import load_facts
from crm.treaties.models import Treaty, TreatyAction
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.attachments import upload
from tests.factories.caught_mail import catch_letter
from tests.factories.inbound import a_mail, received
from tests.factories.private_rows import Keeper, keep_to_the_team, mark
from tests.factories.roster_import import stage_file, table

INNER, OUTER = "inner", "outer"
# What stands for an argument of a route: of most, the first row of a table. Where the same word means different rows,
# the name of the feature goes before it.
_ROWS: dict[str, Any] = {
    "action_id": TreatyAction,
    "alias_id": PlaceAlias,
    "answer_id": CommitmentAnswer,
    "attachment_id": Attachment,
    "batch_id": Batch,
    "campaign_id": Campaign,
    "change_set_id": ChangeSet,
    "commitment_id": Commitment,
    "export_id": Export,
    "feed_id": Feed,
    "import_id": Import,
    "inbound.answer_id": Answer,
    "inbound_id": InboundMessage,
    "interaction_id": Interaction,
    "letter_id": Letter,
    "link_id": CommitmentLink,
    "mailing_id": Mailing,
    "merge_id": ContactMerge,
    "message_id": OutgoingMessage,
    "overview.change_id": BulkChange,
    "partner_id": Partner,
    "pipeline.change_id": TargetChange,
    "roster_import.row_id": ImportRow,
    "session_id": UserSession,
    "statement_id": Statement,
    "suppression_id": Suppression,
    "target_id": Target,
    "task_id": Task,
    "team_id": Team,
    "template_id": LetterTemplate,
    "treaty_id": Treaty,
    "user_id": User,
    "view_id": SavedView,
    "wording_id": Wording,
}
_TOKEN = "a token for tests"


class World:
    """The demo; a team, Inner, that keeps something of one of its targets to itself; and Outer, which may not see it.

    `cookies` holds that of a signed-in browser by role and team.
    """

    def __init__(self, app: Flask, folder: Path) -> None:
        with unit_of_work("load facts", actor="test"):
            load_facts()
        load_demo()
        users = {(user.role, INNER): user for user in db.session.scalars(sa.select(User))}
        users |= {
            (role, OUTER): make_user(role, team="Outer", email=f"{role}@outer.example", name=f"Outer {role}")
            for role in Role
        }
        self.keeper = self._keeper(users[Role.OFFICER, INNER])
        special = self._rows_of_everybody(app, folder, users[Role.LEAD, OUTER])
        self.cookies = {key: self._cookie(app, user) for key, user in users.items()}
        self._open = {name: self._first(table_.id) for name, table_ in _ROWS.items()} | special
        self.private: dict[str, list[int]] = {}
        self._latest_before = {name: self._latest(table_) for name, table_ in _ROWS.items()}
        db.session.rollback()

    @staticmethod
    def _keeper(officer: User) -> Keeper:
        committed = sa.select(Target).join(Commitment, Commitment.target_id == Target.id).order_by(Target.id)
        target = db.session.scalars(committed.limit(1)).one()
        contact = db.session.get_one(Contact, target.contact_id)
        others = sa.select(Contact).where(Contact.kind == contact.kind, Contact.id != contact.id).order_by(Contact.id)
        treaty = db.session.get_one(Campaign, target.campaign_id).treaty
        return Keeper(officer, contact, db.session.scalars(others.limit(1)).one(), target, treaty)

    @staticmethod
    def _latest(table: Any) -> int:
        return db.session.scalar(sa.select(sa.func.max(table.id))) or 0

    @staticmethod
    def _cookie(app: Flask, user: User) -> str:
        cookie = sign_in(app.test_client(), user).get_cookie("ratify")
        assert cookie is not None
        return str(cookie.value)

    def _rows_of_everybody(self, app: Flask, folder: Path, lead: User) -> dict[str, list[Any]]:
        """Write what the demo lacks, and say what stands for the arguments that are no row's number."""
        who, settings = self.keeper, app.extensions["settings"]
        assert isinstance(settings, Settings)
        # A lead of Outer asked for these: whoever asks sees their own alone.
        staged = stage_file(table(folder / "people.csv", [{"name": "Ada Newcomer", "country": "Spain"}]))
        commitment = db.session.scalars(sa.select(Commitment).where(Commitment.target_id == who.target.id)).first()
        message = db.session.scalars(sa.select(OutgoingMessage).order_by(OutgoingMessage.id)).first()
        letter = db.session.scalars(sa.select(Letter).order_by(Letter.id)).first()
        action = db.session.scalars(sa.select(TreatyAction).order_by(TreatyAction.id)).first()
        assert staged.id
        assert commitment is not None
        assert message is not None
        assert letter is not None
        assert action is not None
        later = clock.now() + timedelta(days=1)
        one, other = who.contact.id, who.other.id
        went_quiet = {TARGETS_OF: who.target.campaign_id, "quiet": "1", "team": lead.team_id}
        with unit_of_work("prepare tests", actor=f"user:{lead.id}"):
            link = CommitmentLink(
                commitment_id=commitment.id, token_hash=token_hash(_TOKEN), created_by_id=lead.id, expires_at=later
            )
            db.session.add_all(
                [
                    *(Export(user_id=lead.id, format=how, wanted={"ids": [one, other]}) for how in ExportFormat),
                    Export(user_id=lead.id, format=ExportFormat.CSV, wanted=went_quiet),
                    AccountToken(
                        token_hash=token_hash(_TOKEN), purpose=TokenPurpose.INVITATION, user=lead, expires_at=later
                    ),
                    BulkChange(user_id=lead.id, action=BulkAction.TAG, value="x", chosen={"ids": [one]}, expected=1),
                    TargetChange(
                        user_id=lead.id,
                        campaign_id=who.target.campaign_id,
                        action=TargetAction.PRIORITY,
                        value="high",
                        chosen={"ids": [who.target.id]},
                        expected=1,
                    ),
                    ContactMerge(survivor_id=one, absorbed_id=10**6, absorbed_name="Ada Twice", actor="user:1"),
                    DuplicateProposal(
                        one_id=min(one, other), other_id=max(one, other), kind=who.contact.kind, score=75, reasons=[]
                    ),
                    link,
                ]
            )
            db.session.flush()
            db.session.add(
                CommitmentAnswer(commitment_id=commitment.id, link_id=link.id, kind=AnswerKind.CONFIRMED, asked="Yes")
            )
            request = ReaderRequest(
                kind=RequestKind.CORRECTION, contact_id=one, letter_id=letter.id, owner_id=lead.id, language="en"
            )
            happened = record_interaction(What(InteractionKind.REPLY, clock.now(), "Re: Please ratify", [one]))
            db.session.add_all(
                [
                    request,
                    Answer(interaction_id=happened.id, contact_id=one, user_id=lead.id, message_id=message.id),
                ]
            )
            db.session.flush()
            add_alias("Espagnie", "ES")
            store(upload())
            db.session.add(Feed(name="A partner", token_hash=token_hash(_TOKEN), created_by_id=lead.id))
            follow_partner("A partner", "https://partner.example/feed.json", lead.id)
            save_view(lead.id, "Everybody in Spain", {"country": "ES"}, team_id=None)
        received(a_mail())
        self._prepare_files()
        return {
            "contact_id": [one],
            "other_id": [other],
            "code": [who.treaty.code],
            "state": [action.state],
            "action_id": [action.id],
            "commitment_id": [commitment.id],
            "target_id": [who.target.id],
            "campaign_id": [who.target.campaign_id],
            "treaty_id": [who.treaty.id],
            "language": ["en"],
            "approach": [Approach.GENERAL],
            "letters.code": [FindingCode.ODD_TEXT],
            "outbox.order": ["pause"],
            "key": [catch_letter(settings.caught_mail)],
            "accounts.token": [_TOKEN],
            "coalition.token": [_TOKEN],
            "overview.name": list(Section),
            "overview.token": [stop_token(lead.id)],
            "pipeline.token": [_TOKEN],
            "request_id": [request.id],
            "inbox.token": [unsubscribe_token(message.id, message.to_address)],
            "point_id": self._first(ContactPoint.id, ContactPoint.contact_id == one),
            "export_id": list(db.session.scalars(sa.select(Export.id).order_by(Export.id))),
            "row_id": self._first(Membership.id, Membership.person_id == one),
            "earlier_id": self._first(Statement.id),
            "later_id": self._first(Statement.id),
        }

    @staticmethod
    def _prepare_files() -> None:
        """Let the worker write every export anew, of what there is by now."""
        with unit_of_work("prepare tests", actor="test"):
            db.session.execute(sa.update(Export).values(state=ExportState.QUEUED))
        for number in db.session.scalars(sa.select(Export.id)).all():
            prepare(number)

    @staticmethod
    def _first(column: Any, *conditions: Any) -> list[int]:
        """None of a table that is empty: the row that stands for it is a private one."""
        return list(db.session.scalars(sa.select(column).where(*conditions).order_by(column).limit(1)))

    def keep_to_the_team(self) -> None:
        """Let Inner write down what only Inner may read; from now on its rows stand for arguments too."""
        keep_to_the_team(self.keeper)
        self._prepare_files()
        for name, table_ in _ROWS.items():
            newer = sa.select(table_.id).where(table_.id > self._latest_before[name]).order_by(table_.id)
            self.private[name] = list(db.session.scalars(newer))
        self.private["row_id"] = list(db.session.scalars(sa.select(sa.func.max(Relationship.id))))
        quotes = [mark("statement", "quote", which) for which in ("warm", "")]
        for name, quote in zip(("earlier_id", "later_id"), quotes, strict=True):
            self.private[name] = list(db.session.scalars(sa.select(Statement.id).where(Statement.quote == quote)))
        db.session.rollback()

    def ids(self, name: str) -> list[Any]:
        """What stands for an argument: a row of everybody's, and those that Inner keeps to itself."""
        return [*self._open[name], *self.private.get(name, [])]

    def private_rows(self) -> Iterator[tuple[str, int]]:
        """Table and number of the rows that Inner keeps to itself."""
        for name, table_ in _ROWS.items():
            for number in self.private.get(name, []):
                yield table_.__tablename__, number

    def _values(self, rule: Rule, name: str) -> list[Any]:
        converter = rule._converters[name]
        if isinstance(converter, AnyConverter):
            return sorted(converter.items)
        own = f"{rule.endpoint.partition('.')[0]}.{name}"
        found = self.ids(own if own in self._open else name) if {own, name} & self._open.keys() else []
        assert found, (
            f"{rule}: no row stands for <{name}>. Name the table whose rows it is a number of in {__name__}._ROWS, "
            "or what it may be in World._rows_of_everybody."
        )
        return found

    def _is_private(self, name: str, value: Any) -> bool:
        return value in self.private.get(name, ())

    def paths(self, app: Flask) -> Iterator[tuple[Rule, str, str, bool]]:
        """Every rule of the url map by each of its methods, with the paths that lead to rows there are, and whether one
        of these rows is Inner's own.
        """
        adapter = app.url_map.bind("127.0.0.1")
        for rule in app.url_map.iter_rules():
            names = sorted(rule.arguments)
            if rule.endpoint == "static":
                continue
            for values in itertools.product(*(self._values(rule, name) for name in names)):
                private = any(self._is_private(name, value) for name, value in zip(names, values, strict=True))
                path = adapter.build(rule.endpoint, dict(zip(names, values, strict=True)))
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                    yield rule, method, path, private
