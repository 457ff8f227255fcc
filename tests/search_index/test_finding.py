"""What a search finds and in which order; the index decides nothing but the speed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.directory.actions import add_point, set_point_status
from crm.directory.filters import ContactFilter
from crm.directory.finding import MOST_WORDS, contacts_named
from crm.directory.listing import contact_rows, count_contacts
from crm.directory.models import (
    Category,
    Contact,
    ContactPoint,
    OtherName,
    PointKind,
    PointStatus,
    beyond_ascii,
)
from crm.directory.projection import project, projected_together
from crm.extensions import db
from crm.search_index import queries
from crm.search_index.models import postings, words
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_organization, make_person
from tests.queries import queries_of


@pytest.fixture(params=["rare words", "frequent words"])
def people(request: pytest.FixtureRequest, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some people; what is found is the same whether the index leads to them or the list is walked."""
    if request.param == "frequent words":
        monkeypatch.setattr(queries, "FEW", 0)
    with unit_of_work("make people", actor="test"), projected_together():
        make_person("Zoë Ábel", country="ES", group="Red Group", email=None)
        make_person("Abelina Zorn", country="DE", group="Green Group", email=None)
        make_person("Åsa Kabel", country="SE", group="Green Group", email=None)
        make_person("Ada Quill", country="PT", group="Abel Group", email=None)
        make_person("Πέτρος Παπαδόπουλος", country="GR", group=None, email=None)
        make_person("محمد العربي", country="FR", group=None, email=None)
        make_organization("Forum of Abelards", abbreviation="PfM")


def found(text: str) -> list[str]:
    return [row.name for row in contacts_named(text)]


def listed(text: str) -> list[str]:
    return [row.name for row in contact_rows(ContactFilter(text=text)).rows]


def test_the_best_hits_come_first(people: None) -> None:
    # Names that begin so, other words of a name that do, names with it inside, then what is known besides.
    assert found("abel") == ["Abel Group", "Zoë Ábel", "Forum of Abelards", "Abelina Zorn", "Åsa Kabel", "Ada Quill"]
    assert [row.name for row in contacts_named("abel", limit=3)] == found("abel")[:3]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("papadopoulos", "Πέτρος Παπαδόπουλος"),
        ("παπαδό", "Πέτρος Παπαδόπουλος"),
        ("ΠΟΥΛΟΣ ΠΕΤ", "Πέτρος Παπαδόπουλος"),
        ("محمد", "محمد العربي"),
        ("العر", "محمد العربي"),
        ("uill a", "Ada Quill"),
        ("abel quill", "Ada Quill"),
        ("portugal", "Ada Quill"),
        ("pfm", "Forum of Abelards"),
    ],
)
def test_any_part_finds_in_any_script(people: None, text: str, name: str) -> None:
    assert found(text) == [name]
    assert listed(text) == [name]


@pytest.mark.parametrize("text", ["nobody", "abel nobody", "zoe quill"])
def test_what_does_not_fit_is_not_found(people: None, text: str) -> None:
    assert found(text) == []
    assert listed(text) == []
    assert count_contacts(ContactFilter(text=text)) == 0


def test_a_text_of_no_words_asks_nothing(people: None) -> None:
    assert found(" … ") == []
    assert len(listed(" … ")) == db.session.scalar(sa.select(sa.func.count()).select_from(Contact))


def test_another_name_finds_too(people: None) -> None:
    person = make_person("Ada Núñez", group=None, email=None)
    with unit_of_work("note another name", actor="test"):
        db.session.add(OtherName(contact_id=person.id, name="Ада Нуньес"))
        db.session.flush()
        project([person.id])
    assert found("нуньес") == ["Ada Núñez"]
    assert listed("Нунь") == ["Ada Núñez"]


def test_a_posting_too_many_shows_nobody(people: None) -> None:
    person = db.session.scalars(sa.select(Contact.id).where(Contact.category == Category.MEP)).first()
    with unit_of_work("leave a posting behind", actor="test"):
        db.session.execute(sa.insert(words).values(word="stale"))
        db.session.execute(sa.insert(postings).values(word="stale", in_name=True, subject_id=person))
    assert found("stale") == []
    assert listed("stale") == []


def test_a_search_takes_two_queries_whatever_it_finds(people: None) -> None:
    for text in ("abel", "nobody", "a", " ".join(f"w{number}" for number in range(MOST_WORDS * 3))):
        assert queries_of(lambda text=text: contacts_named(text)) == 2  # type: ignore[misc]
    assert queries_of(lambda: listed("abel ada")) == 3


def test_who_has_an_address_or_a_number_is_found_by_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with unit_of_work("make people", actor="test"), projected_together():
        ada = make_person("Ada Quill", email="p5@catalunya.example")
        bo = make_person("Bo Abel", email="p55@catalunya.example")
        make_organization("Committee of 2019-2024")
    with unit_of_work("reach them", actor="test"):
        set_point_status(add_point(ada, PointKind.EMAIL, "old@office.example"), PointStatus.RETIRED)
        add_point(ada, PointKind.PHONE, "+34 900 107 207")
        add_point(bo, PointKind.PHONE, "900.207-207")
        add_point(bo, PointKind.PHONE, "+32 (0)2 284\u00a05123")
        add_point(bo, PointKind.FAX, "+34 900 999 888")
    expected = {
        "Ada Quill": (
            *("p5@catalunya.example", " P5@Catalunya.Example ", "Ada Quill <p5@catalunya.example>"),
            *("old@office.example", "+34 900 107 207", "900107207", "0034 (900) 107-207", "107.207"),
            *("p5@", "p5@Cat", "@office", "@office.example", "office.ex", "Office.Example"),
        ),
        "Bo Abel": ("+34 900 207 207", "022845123", "+3222845123", "284/5123"),
        "Committee of 2019-2024": ("2019-2024", "2019 2024"),
        "": (
            *("p@catalunya.example", "p6@", "@catalunya.org", "example.catalunya"),
            *("+33 900 107 207", "900107208", "00000000", "+34 900 999 888"),
        ),
    }
    for name, texts in expected.items():
        for text in texts:
            assert (text, found(text)) == (text, [name] if name else [])
            assert (text, listed(text)) == (text, [name] if name else [])
    for text in ("900107207", "p5@catalunya.example", "catalunya.example", "@cat"):
        assert queries_of(lambda text=text: contacts_named(text)) == 2  # type: ignore[misc]
    # A domain of very many is looked for along the list.
    for few in (queries.FEW, 1):
        monkeypatch.setattr(queries, "FEW", few)
        for text in ("catalunya.example", "catalunya.ex", "@catal"):
            assert (text, found(text)) == (text, ["Bo Abel", "Ada Quill"])
            assert (text, listed(text)) == (text, ["Bo Abel", "Ada Quill"])


def test_an_address_is_found_without_its_accents_and_with_others(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with unit_of_work("make people", actor="test"), projected_together():
        make_person("Ada Quill", email="p2@andalucía.example")
        make_person("Bo Abel", email="josé.peña@andalucía.example")
        make_person("Cy Cohen", email="cy@catalunya.example")
        described = make_person("Di Dahl", email="di@dahl.example")
    with unit_of_work("describe", actor="test"):
        add_point(described, PointKind.ADDRESS, "p2@andalucía, Calle 1")
    expected = {
        ("p2@andalucia.example", "P2@Andalucia", "p2@andalucía.example", "p2@andalùc"): ["Ada Quill"],
        ("jose.pena@andalucia.example", "jose.pena@", "jose.pena", "José.Pena@"): ["Bo Abel"],
        ("andalucia.example", "@andalucia", "andalucía.example", "@ANDALUCÌA.ex"): ["Bo Abel", "Ada Quill"],
        ("@càtalunya", "cý@catalunya.example"): ["Cy Cohen"],
        ("p2.andalucia", "p2@andaluci.example", "\u00b4@x.example"): [],
    }
    for few in (queries.FEW, 0):
        monkeypatch.setattr(queries, "FEW", few)
        for texts, names in expected.items():
            for text in texts:
                assert (text, found(text)) == (text, names)
                assert (text, listed(text)) == (text, names)
    assert queries_of(lambda: contacts_named("p2@andalucia.example")) == 2
    dialect = db.engine.dialect.name
    statement = sa.select(ContactPoint.value).where(beyond_ascii(dialect)).distinct()
    if dialect == "postgresql":  # which reads a table of few rows as a whole
        db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    explained = sa.text(f"EXPLAIN {'QUERY PLAN ' * (dialect == 'sqlite')}{statement.compile(db.engine)}")
    plan = " ".join(str(row) for row in db.session.execute(explained))
    assert "ix_contact_point_beyond_ascii" in plan
