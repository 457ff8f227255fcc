"""The worker finds duplicates, keeps the proposals true, and never proposes again what people have told apart."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.directory.actions import add_point, update_contact
from crm.directory.merging import merge
from crm.directory.models import Category, Identifier, OtherName, Person, PointKind
from crm.duplicates.actions import tell_apart
from crm.duplicates.models import DuplicateProposal
from crm.duplicates.queries import ProposalFilter, proposals
from crm.duplicates.search import is_behind, search
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_organization, make_person


def later() -> int:
    """Search again, a while after whatever was done last."""
    with clock.pretend(clock.now() + timedelta(minutes=1)):
        return search()


def proposed() -> set[frozenset[str]]:
    """The names of the pairs that are proposed."""
    rows = proposals(ProposalFilter(), None).rows
    return {frozenset((row.one_name, row.other_name)) for row in rows}


def lonely(name: str, country: str | None = "ES", email: str | None = None) -> Person:
    return make_person(name, country=country, email=email, parliament=None, group=None)


def test_the_first_search_looks_at_everybody(app: Flask) -> None:
    lonely("Ada Lovelace")
    lonely("Zoë Lovelace")
    lonely("Zoe Lovelace")
    make_organization("Blue Party", category=Category.PARTY, country="ES")
    make_organization("BLUE PARTY", category=Category.PARTY, country="ES")
    assert later() == 2
    assert proposed() == {frozenset(("Zoë Lovelace", "Zoe Lovelace")), frozenset(("Blue Party", "BLUE PARTY"))}
    assert later() == 0
    with unit_of_work("edit", actor="user:1"):
        assert not is_behind()
        add_point(db.session.scalars(sa.select(Person).limit(1)).one(), PointKind.PHONE, "+34 900 100 200")
    assert is_behind()


def test_what_changed_is_looked_at_again(app: Flask) -> None:
    one, other = lonely("Ada Lovelace"), lonely("Grace Hopper", country="US")
    later()
    assert proposed() == set()
    with unit_of_work("edit", actor="user:1"):
        assert not is_behind()
        update_contact(other, given_name="Ada", family_name="Lovelacé", country="ES")
    assert is_behind()
    later()
    assert proposed() == {frozenset(("Ada Lovelace", "Ada Lovelacé"))}
    with unit_of_work("edit", actor="user:1"):
        update_contact(one, given_name="Augusta", family_name="King")
    later()
    assert proposed() == set()
    with unit_of_work("describe", actor="user:1"):
        db.session.add(OtherName(contact_id=one.id, name="Lovelacé, Ada"))
    later()
    assert proposed() == {frozenset(("Augusta King", "Ada Lovelacé"))}


def test_an_address_in_common_is_found_across_countries(app: Flask) -> None:
    one = lonely("Ada Lovelace", email="ada@people.example")
    other = lonely("Ada Lovelace", country="FR")
    later()
    assert proposed() == set()
    with unit_of_work("describe", actor="user:1"):
        add_point(other, PointKind.EMAIL, "one@people.example")
        add_point(one, PointKind.EMAIL, "one@people.example")
    later()
    assert len(proposed()) == 1


def test_two_entries_of_one_register_end_a_proposal(app: Flask) -> None:
    one, other = lonely("Ada Lovelace"), lonely("Ada Lovelace")
    later()
    assert len(proposed()) == 1
    with unit_of_work("describe", actor="user:1"):
        db.session.add_all(
            [
                Identifier(contact_id=one.id, scheme="europarl", value="1"),
                Identifier(contact_id=other.id, scheme="europarl", value="2"),
            ]
        )
    later()
    assert proposed() == set()


def test_told_apart_holds_after_searches_and_merges(app: Flask) -> None:
    one, other, third = (lonely(name).id for name in ("Ada Lovelace", "Ada Lovelacé", "Áda Lovelace"))
    later()
    assert len(proposed()) == 3
    with unit_of_work("tell apart", actor="user:1"):
        tell_apart(one, other, user_id=None)
    with unit_of_work("edit", actor="user:1"):
        update_contact(db.session.get_one(Person, one), gender="female")
    later()
    assert len(proposed()) == 2
    with unit_of_work("merge", actor="user:1"):
        merge(third, other)
    assert proposed() == set()
    with unit_of_work("edit", actor="user:1"):
        update_contact(db.session.get_one(Person, third), gender="female")
    later()
    assert proposed() == set()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(DuplicateProposal)) == 1
