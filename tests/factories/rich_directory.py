"""A directory with something in every table and every column, for what must carry all of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from crm.directory.actions import add_membership, create_organization, create_person
from crm.directory.models import (
    Category,
    Contact,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    Identifier,
    OtherName,
    PointKind,
    PointStatus,
    Post,
    Relationship,
    RelationshipKind,
)
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.unit_of_work import unit_of_work

DAY = date(2026, 1, 1)


def rich() -> None:
    """A directory in which everything that a contact may have is there."""
    with unit_of_work("make", actor="test"), projected_together():
        parliament = create_organization("Parliament", category=Category.PARLIAMENT, country="ES", abbreviation="P")
        committee = create_organization("Committee on Work", category=Category.COMMITTEE, country="ES")
        other = create_organization("Committee on Work", category=Category.COMMITTEE, country="FR")
        region = create_organization("Region", category=Category.REGIONAL_GOVERNMENT, country="ES")
        party = create_organization("Party", category=Category.PARTY)
        group = create_organization("Group", category=Category.POLITICAL_GROUP)
        committee.parent_id, committee.region = parliament.id, "ES-MD"
        region.region, region.founding_date, region.dissolution_date = "ES-CT", date(1979, 1, 1), date(2020, 5, 6)
        parliament.holders_are = Category.MEP
        parliament.forms_of_address = {"fr": "Mesdames,\nMessieurs", "es": "Señorías"}
        minister = Post(organization_id=region.id, label="Minister", country="ES", region="ES-CT")
        vacant = Post(organization_id=region.id, label="President")
        ada = create_person(
            category=Category.PARTNER, given_name="Ada", family_name="One Two", country="ES", name="Ada One Two"
        )
        # Of one name and country, and with an address in common.
        first = create_person(category=Category.OTHER, given_name="Bo", family_name="Same", country="SE")
        second = create_person(category=Category.OTHER, given_name="Bo", family_name="Same", country="SE")
        first.birth_date, second.birth_date = date(1960, 1, 1), date(1990, 1, 1)
        first.category_override = second.category_override = None
        whole_name = create_person(category=Category.OTHER, name="Just One?name Unsplit", country=None)
        ada.region, ada.gender, ada.birth_date, ada.death_date = "ES-CT", "other", date(1970, 1, 2), date(2025, 3, 4)
        ada.honorific_prefix, ada.honorific_suffix = "H. E.  Dr", "PhD"
        ada.forms_of_address = {"fr": "Madame la Présidente"}
        db.session.add_all([minister, vacant])
        db.session.flush()
        seat = add_membership(
            ada,
            parliament,
            on_behalf_of=group,
            role="chair",
            country="FR",
            term="9",
            start_date=date(2019, 7, 2),
            ended_by=date(2024, 7, 16),
            constituency="North",
            source="a roster, 2019-07-02",
        )
        add_membership(ada, parliament, term="10", start_date=date(2024, 7, 16), source="a roster")
        add_membership(ada, region, post_id=minister.id, region="ES-CT", end_date=date(2018, 1, 1), source="")
        add_membership(ada, committee, role="substitute", source="by hand")
        add_membership(first, party, start_date=date(2001, 1, 1), source="x")
        add_membership(second, other, source="x")
        db.session.add_all(
            [
                Identifier(contact_id=ada.id, scheme="wikidata", value="Q1"),
                Identifier(contact_id=parliament.id, scheme="wikidata", value="Q2"),
                Identifier(contact_id=region.id, scheme="nuts", value="ES51"),
                OtherName(
                    contact_id=ada.id,
                    name="Ада",
                    language="ru",
                    note="in Cyrillic",
                    start_date=date(1999, 1, 1),
                    end_date=date(2000, 1, 1),
                ),
                OtherName(contact_id=region.id, name="Generalitat", language="ca"),
                ContactLanguage(contact_id=ada.id, language="fr", rank=0),
                ContactLanguage(contact_id=ada.id, language="en", rank=1),
                ContactLanguage(contact_id=region.id, language="ca", rank=0),
                ContactSource(contact_id=ada.id, label="a roster", as_of=date(2024, 7, 16)),
                ContactSource(contact_id=region.id, label="its site", url="https://region.example/", as_of=None),
            ]
        )
        points: list[tuple[Contact, PointKind, str, dict[str, Any]]] = [
            (ada, PointKind.EMAIL, "ada@parliament.example", {"membership_id": seat.id, "source": "a roster"}),
            (ada, PointKind.EMAIL, "old@parliament.example", {"status": PointStatus.RETIRED, "label": "old"}),
            (ada, PointKind.ADDRESS, "Rue 1\n1000 Town", {"label": "Strasbourg"}),
            (ada, PointKind.PHONE, "0034 1", {}),
            (first, PointKind.EMAIL, "office@parliament.example", {}),
            (second, PointKind.EMAIL, "office@parliament.example", {}),
            (region, PointKind.EMAIL, "info@region.example", {"label": "post room"}),
            (region, PointKind.FAX, "+34 2", {"status": PointStatus.RETIRED, "source": "its site"}),
        ]
        db.session.add_all(
            ContactPoint(contact_id=contact.id, kind=kind, value=value, **columns)
            for contact, kind, value, columns in points
        )
        ties: list[tuple[Contact, RelationshipKind, Contact, dict[str, Any]]] = [
            (ada, RelationshipKind.ADVISES, region, {"note": "since long", "start_date": date(2010, 1, 1)}),
            (region, RelationshipKind.ALLY, party, {"source": "by hand"}),
            (first, RelationshipKind.KNOWS, ada, {"end_date": date(2020, 1, 1)}),
            (ada, RelationshipKind.SUCCEEDED, second, {}),
        ]
        db.session.add_all(
            Relationship(subject_id=subject.id, kind=kind, object_id=end.id, **columns)
            for subject, kind, end, columns in ties
        )
        assert whole_name.family_name is None
    with unit_of_work("derive", actor="test"), projected_together():
        for contact in db.session.scalars(sa.select(Contact)):
            contact.name = contact.name
