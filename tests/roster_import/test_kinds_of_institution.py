"""What the institutions of a table are: known, guessed by their names, or asked once; their people follow from it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.directory.models import Category, Contact, ContactKind, Organization, OtherName, Person
from crm.duplicates.models import DuplicateProposal
from crm.duplicates.search import search
from crm.extensions import db
from crm.policy import Role
from crm.roster_import import jobs, uploads
from crm.roster_import.actions import bring
from crm.roster_import.institutions import Kind, guess
from crm.roster_import.models import Import, ImportRow
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, organization_named
from tests.factories.roster_import import apply_staged, import_file, stage_file, table


@pytest.mark.parametrize(
    ("label", "country", "kind"),
    [
        ("Junta de Andalucía", "ES", Kind.REGIONAL_GOVERNMENT),
        ("Generalitat Valenciana", "ES", Kind.REGIONAL_GOVERNMENT),
        ("Gobierno de Canarias", "ES", Kind.REGIONAL_GOVERNMENT),
        ("Gobierno de España", "ES", Kind.GOVERNMENT),
        ("Ministerio de Sanidad, Madrid", "ES", Kind.GOVERNMENT),
        ("Región de Murcia", "ES", Kind.REGIONAL_GOVERNMENT),
        ("Ministerium für Justiz Baden-Württemberg", "DE", Kind.REGIONAL_GOVERNMENT),
        ("Bundesinnenministerium", "DE", Kind.GOVERNMENT),
        ("Landtag von Bayern", "DE", Kind.REGIONAL_PARLIAMENT),
        ("Parlamento de Navarra", "ES", Kind.REGIONAL_PARLIAMENT),
        ("Sejmik Województwa Mazowieckiego", "PL", Kind.REGIONAL_PARLIAMENT),
        ("Assembleia Legislativa da Região Autónoma dos Açores", "PT", Kind.REGIONAL_PARLIAMENT),
        # A canton is called so, too.
        ("Parliament of Luxembourg", "LU", Kind.PARLIAMENT),
        ("Scottish Government", "GB", Kind.REGIONAL_GOVERNMENT),
        ("Congreso de los Diputados", "ES", Kind.PARLIAMENT),
        ("Ministry of Home Affairs", "MT", Kind.GOVERNMENT),
        ("Ayuntamiento de Sevilla", "ES", Kind.LOCAL),
        ("United Nations Human Rights Council", None, Kind.UN_BODY),
        ("Fundación Inventada", "ES", None),
    ],
)
def test_the_name_of_an_institution_tells_what_it_is(label: str, country: str | None, kind: Kind | None) -> None:
    assert guess(label, country) is kind


def officials(path: Path, *people: tuple[str, str, str]) -> Path:
    lines = [
        {"name": name, "country": "ES", "institution": institution, "role": role} for name, institution, role in people
    ]
    return table(path / "officials.csv", lines)


def categories() -> Counter[Category]:
    db.session.rollback()
    return Counter(db.session.scalars(sa.select(Person.category)))


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_people_get_their_category_from_what_their_institution_is(client: FlaskClient, tmp_path: Path) -> None:
    path = officials(
        tmp_path,
        ("Ada Inventada", "Junta de Andalucía", "Consejera"),
        ("Grace Fingida", "Ministerio de Sanidad", "Ministra"),
        ("Emmy Supuesta", "Congreso de los Diputados", "Diputada"),
        ("Olga Imaginada", "Asamblea Inventada", "Asesora"),
    )
    staged = stage_file(path)
    sign_in(client, make_user(Role.OFFICER))
    page = words(client.get(f"/imports/{staged.id}").text)
    assert "New · line 2 · Regional government" in page
    assert "Regional government 1" in page
    apply_staged(staged.id)
    assert categories() == {
        Category.REGIONAL_GOVERNMENT: 1,
        Category.NATIONAL_OFFICIAL: 1,
        Category.NATIONAL_MP: 1,
        Category.OTHER: 1,
    }
    assert import_file(path) == {"unchanged": 4}


def test_a_known_institution_is_found_whatever_it_is_known_as(client: FlaskClient, tmp_path: Path) -> None:
    known = organization_named("Junta Inventada", Category.OTHER).id
    path = officials(tmp_path, ("Ada Inventada", "Junta Inventada", "member"))
    import_file(path, complete=True, as_of=date(2026, 1, 1))
    assert db.session.scalars(sa.select(Organization.id)).all() == [known]
    other = officials(tmp_path, ("Grace Fingida", "Junta Inventada", "member"))
    assert import_file(other, complete=True) == {"new": 1, "ended": 1}


def test_what_nobody_can_tell_is_asked_once(client: FlaskClient, tmp_path: Path) -> None:
    user = make_user(Role.OFFICER)
    path = officials(
        tmp_path,
        ("Ada Inventada", "Casa Inventada", "Asesora"),
        ("Grace Fingida", "Casa Fingida", "Consejera"),
        ("Emmy Supuesta", "Junta de Andalucía", "Consejera"),
    )
    with path.open("rb") as file, unit_of_work("bring", actor="user:1"):
        import_id = bring(path.name, stored_name=uploads.keep(file), asked={}, user_id=user.id).id
    jobs.catch_up()
    sign_in(client, user)
    address = f"/imports/{import_id}"
    page = client.get(address).text
    assert "What are these institutions?" in page
    assert re.search(r'<option value="regional_government" selected>', page), "guessed by what its people are called"
    named = db.session.get_one(Import, import_id).survey["institutions"]
    assert [one["label"] for one in named if one["unsure"]] == ["Casa Fingida", "Casa Inventada"]
    answers = {f"kind-{at}": "regional_government" for at in range(2)}
    assert client.post(f"{address}/institutions", data=answers).location == address
    jobs.catch_up()
    db.session.rollback()
    assert not [one for one in db.session.get_one(Import, import_id).survey["institutions"] if one["unsure"]]
    apply_staged(import_id)
    assert categories() == {Category.REGIONAL_GOVERNMENT: 3}
    assert db.session.get_one(Import, stage_file(path).id).survey["institutions"] == []


def test_an_institution_known_by_another_name_is_offered_and_its_name_remembered(
    client: FlaskClient, tmp_path: Path
) -> None:
    user = make_user(Role.OFFICER)
    known = make_organization("Basque Government", category=Category.REGIONAL_GOVERNMENT, country="ES").id
    path = officials(tmp_path, ("Ada Inventada", "Gobierno Vasco", "Consejera"))
    with path.open("rb") as file, unit_of_work("bring", actor="user:1"):
        import_id = bring(path.name, stored_name=uploads.keep(file), asked={}, user_id=user.id).id
    jobs.catch_up()
    sign_in(client, user)
    address = f"/imports/{import_id}"
    # Nothing is chosen for anybody: it says what happens if it is left.
    assert f'<option value="same-{known}">The same as Basque Government</option>' in client.get(address).text
    assert '<option value="">Choose…</option>' in client.get(address).text
    assert "1 institution may be known here under another name." in client.get(address).text
    # One that was not offered is not taken.
    client.post(f"{address}/institutions", data={"kind-0": "same-999"})
    client.post(f"{address}/institutions", data={"kind-0": f"same-{known}"})
    jobs.catch_up()
    db.session.rollback()
    assert db.session.get_one(Import, import_id).survey["institutions"] == []
    page = words(client.get(address).text)
    assert "Saved; the file is compared anew. Noted on the page of 1 institution." in page
    assert "Mandate Basque Government (Consejera)" in page
    assert "Gobierno Vasco is the same as Basque Government Take that back" in page
    # It can be revised, also after the day was.
    client.post(f"{address}/again", data={"as_of": "2026-01-01", "extent": "by_file", "encoding": ""})
    jobs.catch_up()
    client.post(f"{address}/institutions", data={"forget": "Gobierno Vasco"})
    jobs.catch_up()
    assert db.session.scalars(sa.select(OtherName.name)).all() == []
    assert "1 institution may be known here under another name." in client.get(address).text
    client.post(f"{address}/institutions", data={"kind-0": f"same-{known}"})
    jobs.catch_up()
    db.session.rollback()
    apply_staged(import_id)
    assert db.session.scalars(sa.select(Organization.id)).all() == [known]
    assert db.session.scalars(sa.select(OtherName.name)).all() == ["Gobierno Vasco"]
    person = db.session.scalars(sa.select(Person)).one()
    assert (person.institution_id, person.category) == (known, Category.REGIONAL_GOVERNMENT)
    assert import_file(officials(tmp_path, ("Grace Fingida", "GOBIERNO VASCO", "Consejera"))) == {"new": 1}
    assert db.session.scalars(sa.select(Organization.id)).all() == [known]


def test_a_known_institution_of_no_kind_gets_one_when_a_person_says(client: FlaskClient, tmp_path: Path) -> None:
    user = make_user(Role.OFFICER)
    organization_named("Junta de Andalucía", Category.OTHER)
    path = officials(tmp_path, ("Ada Inventada", "Junta de Andalucía", "Consejera"))
    import_file(path)
    assert categories() == {Category.OTHER: 1}
    with path.open("rb") as file, unit_of_work("bring", actor="user:1"):
        import_id = bring(path.name, stored_name=uploads.keep(file), asked={}, user_id=user.id).id
    jobs.catch_up()
    sign_in(client, user)
    client.post(f"/imports/{import_id}/institutions", data={"kind-0": "regional_government"})
    assert categories() == {Category.REGIONAL_GOVERNMENT: 1}


def test_a_region_follows_from_the_name_of_its_government_and_two_names_of_one_are_proposed(
    client: FlaskClient, tmp_path: Path
) -> None:
    path = officials(
        tmp_path,
        ("Ada Inventada", "Gobierno Vasco", "Consejera"),
        ("Grace Fingida", "Basque Government", "Consejera"),
        ("Emmy Supuesta", "Consejería de Salud de La Rioja", "Asesora"),
        ("Olga Imaginada", "Gobierno de España", "Ministra"),
    )
    staged = stage_file(path)
    sign_in(client, make_user(Role.OFFICER))
    apply_staged(staged.id)
    regions = dict(db.session.execute(sa.select(Contact.name, Contact.effective_region)).tuples().all())
    assert {name for name, region in regions.items() if region == "ES-PV"} == {
        *("Ada Inventada", "Grace Fingida", "Gobierno Vasco", "Basque Government"),
    }
    assert regions["Emmy Supuesta"] == "ES-RI"
    assert regions["Olga Imaginada"] is regions["Gobierno de España"] is None
    search()
    (proposed,) = db.session.scalars(
        sa.select(DuplicateProposal).where(DuplicateProposal.kind == ContactKind.ORGANIZATION)
    )
    assert proposed.reasons == ["same_government", "same_country"]

    with unit_of_work("edit contact", actor="user:1"):
        db.session.scalars(sa.select(Person).where(Person.name == "Ada Inventada")).one().region = "ES-BI"
    assert stage_file(path, as_of=date(2026, 1, 1)).counts["changed"] == 0, "what is known of a region stays"


def test_a_line_without_a_country_has_that_of_its_region_or_its_office(client: FlaskClient, tmp_path: Path) -> None:
    known = make_organization("Osasun Saila", category=Category.REGIONAL_GOVERNMENT, country="ES")
    with unit_of_work("add alias", actor="user:1"):
        db.session.add(OtherName(contact_id=known.id, name="Basque health department"))
    people = [
        ("Jordi Inventado Supuesto", "Govern", "Cataluña"),
        ("Ana Fingida Imaginada", "Gobierno de La Rioja", "La Rioja"),
        ("Elena Supuesta Fingida", "Xunta de Galicia", ""),
        ("Berta Imaginada Inventada", "Basque health department", ""),
        ("Rosa Fingida Inventada", "Junta Directiva", ""),
        ("Luis Supuesto Imaginado", "Junta de Andalucía", "Atlantis"),
    ]
    rows = [
        {"Nombre": name, "Cargo": "Asesora", "Gobierno": government, "Comunidad": region}
        for name, government, region in people
    ]
    apply_staged(stage_file(table(tmp_path / "gobiernos.csv", rows)).id)
    columns = (Contact.sort_name, Contact.country, Contact.effective_region)
    found = db.session.execute(sa.select(*columns).where(Contact.kind == ContactKind.PERSON).order_by(Contact.id))
    assert found.all() == [
        ("inventado supuesto jordi", "ES", "ES-CT"),
        ("fingida imaginada ana", "ES", "ES-RI"),
        ("supuesta fingida elena", "ES", "ES-GA"),
        ("imaginada inventada berta", "ES", None),
        ("inventada rosa fingida", None, None),
        ("supuesto imaginado luis", "ES", "ES-AN"),
    ]
    held = db.session.scalars(sa.select(ImportRow.diff).where(ImportRow.name == people[-1][0])).one()
    assert [one["held"] for one in held if one["field"] == "region"] == ["unknown_region"]
    again = stage_file(tmp_path / "gobiernos.csv").counts
    assert again["new"] == 0
    assert again["changed"] == 0


def test_two_names_of_one_new_institution_are_asked_about_and_become_one(client: FlaskClient, tmp_path: Path) -> None:
    user = make_user(Role.OFFICER)
    long_name = "Gobierno de la Comunidad Foral de Navarra"
    path = officials(
        tmp_path,
        ("Ada Inventada", "Gobierno de Navarra", "Consejera"),
        ("Emmy Supuesta", "Gobierno de Navarra", "Portavoz"),
        ("Grace Fingida", long_name, "Portavoz"),
    )
    with path.open("rb") as file, unit_of_work("bring", actor="user:1"):
        import_id = bring(path.name, stored_name=uploads.keep(file), asked={}, user_id=user.id).id
    jobs.catch_up()
    sign_in(client, user)
    page = client.get(f"/imports/{import_id}").text
    assert "1 institution may stand in this file under two names." in page
    assert ">The same as Gobierno de Navarra in this file</option>" in page
    assert "Apply, and leave it apart" in page
    client.post(f"/imports/{import_id}/institutions", data={"kind-0": "as Gobierno de Navarra"})
    jobs.catch_up()
    assert "under two names" not in client.get(f"/imports/{import_id}").text
    apply_staged(import_id)
    assert db.session.scalars(sa.select(Organization.name)).all() == ["Gobierno de Navarra"]
    assert categories() == {Category.REGIONAL_GOVERNMENT: 3}
