"""The list of addresses that must not be written to: added to by hand and from files, looked up, taken out, lifted."""

from __future__ import annotations

import csv
import html
import io
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.outbox.actions import suppress
from crm.outbox.addresses import address_hash
from crm.outbox.models import Suppression, SuppressionReason
from crm.outbox.queries import suppressed
from crm.policy import Role
from crm.suppressions.reading import Unreadable, read_list, text_of
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.outbox import letters, make_batch


@pytest.fixture
def officer(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, make_user(Role.OFFICER))
    return client


def add(client: FlaskClient, addresses: str = "", file: bytes = b"", **fields: Any) -> Any:
    data = {"addresses": addresses, "note": "", **fields}
    if file:
        data["file"] = (io.BytesIO(file), "optouts.csv")
    return client.post("/suppressions", data=data, content_type="multipart/form-data", follow_redirects=True)


def all_rows() -> list[Suppression]:
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Suppression).order_by(Suppression.id)))


def test_what_is_typed_and_what_a_file_holds_is_added_and_nothing_lifted(officer: FlaskClient) -> None:
    with unit_of_work("unsubscribe", actor="test"):
        suppress("gone@parliament.example", SuppressionReason.UNSUBSCRIBED, source="outgoing_message:1")
    file = (
        "E-mail;Name;Status\n"
        "Bo <bo@parliament.example>;Bo;out\n"
        "GONE@parliament.example;Gone;active\n"
        "no address here;;\n"
        "bo@parliament.example;Bo again;out\n"
    ).encode("utf-8-sig")
    page = add(officer, "ann@parliament.example; Cy <cy@parliament.example>.", file, note="asked on the phone").text
    assert "3 addresses are not written to from now on" in page
    assert "2 were known already" in page
    assert "“no address here”" in page
    rows = all_rows()
    assert [row.reason for row in rows] == [SuppressionReason.UNSUBSCRIBED, *[SuppressionReason.BY_HAND] * 3]
    assert {row.note for row in rows[1:]} == {"asked on the phone"}
    wanted = [f"{name}@parliament.example" for name in ("ann", "bo", "cy", "gone")]
    assert suppressed(wanted) == set(wanted)
    notes = db.session.scalars(sa.select(ChangeSet.notes).order_by(ChangeSet.id.desc())).first()
    assert notes is not None
    assert notes["suppressions"] == {"listed": 4, "added": 3}


def test_the_list_taken_out_and_in_again_is_the_same(officer: FlaskClient) -> None:
    make_person("Known", email="known@parliament.example")
    with unit_of_work("add addresses", actor="test"):
        suppress("known@parliament.example", SuppressionReason.HARD_BOUNCE)
        suppress("forgotten@parliament.example", SuppressionReason.OBJECTION)
    taken = officer.get("/suppressions.csv")
    rows = list(csv.DictReader(io.StringIO(taken.data.decode("utf-8-sig"))))
    assert [(row["address"], row["reason"]) for row in rows] == [
        ("known@parliament.example", "hard_bounce"),
        ("", "objection"),
    ]
    assert "none of them was written to before" in add(officer, file=taken.data).text
    with unit_of_work("lose the list", actor="test"):
        db.session.execute(sa.delete(Suppression))
    add(officer, file=taken.data)
    assert {row.address_hash for row in all_rows()} == {
        address_hash("known@parliament.example"),
        address_hash("forgotten@parliament.example"),
    }
    other = taken.data.replace(rows[1]["key_id"].encode(), b"00000000")
    assert "exported under another SECRET_KEY" in add(officer, file=other).text


def test_what_readers_asked_for_only_they_take_back(officer: FlaskClient) -> None:
    with unit_of_work("suppress", actor="test"):
        for number, reason in enumerate(SuppressionReason):
            suppress(f"a{number}@parliament.example", reason)
    rows = all_rows()
    assert officer.post(f"/suppressions/{rows[0].id}/lift").status_code == 403
    lead = officer.application.test_client()
    sign_in(lead, make_user(Role.LEAD))
    for row_id in [row.id for row in rows]:
        lead.post(f"/suppressions/{row_id}/lift")
        assert lead.post(f"/suppressions/{row_id}/lift").status_code == 302
    assert [row.reason for row in all_rows()] == [SuppressionReason.UNSUBSCRIBED, SuppressionReason.OBJECTION]


def test_an_address_is_looked_up_without_a_trace_and_the_list_says_where_each_came_from(officer: FlaskClient) -> None:
    letter = letters(make_batch(1))[0]
    with unit_of_work("unsubscribe", actor="test"):
        suppress(letter.to_address, SuppressionReason.UNSUBSCRIBED, source=f"outgoing_message:{letter.id}")
    add(officer, "x@parliament.example")
    page = officer.get("/suppressions").text
    assert letter.to_name in page
    holder = make_person("Holder", email=letter.to_address)
    assert f'href="/contacts/{holder.id}"' in officer.get("/suppressions").text
    assert "x@parliament.example" not in page
    assert "an address nobody here has" in page
    found = officer.post("/suppressions/look-up", data={"address": letter.to_address.upper()}).text
    assert "No letter is sent to" in found
    assert "wants no more letters" in found
    assert "Nothing keeps letters from" in officer.post("/suppressions/look-up", data={"address": "b@c.example"}).text
    only = officer.get("/suppressions?reason=by_hand").text
    assert letter.to_name not in only
    assert officer.get("/suppressions?reason=whim").status_code == 400


@pytest.mark.sqlite_only
def test_what_cannot_be_read_is_said_and_what_was_typed_stays(officer: FlaskClient) -> None:
    assert "Type at least one address" in add(officer).text
    page = add(officer, "Bo <bo@parliament.example>, nobody, a@b", note="kept words").text
    assert "This is no address: “nobody”; “a@b”. Nothing was added yet." in html.unescape(page)
    assert "No address was found in it" in add(officer, file=b"nobody").text
    assert "kept words" in page
    assert "nobody" in page
    assert "Save it as CSV" in add(officer, file=b"PK\x03\x04\x00").text
    assert all_rows() == []


@pytest.mark.sqlite_only
def test_lists_of_other_programs(app: Flask) -> None:
    assert read_list("a@b.example").addresses == ["a@b.example"]
    assert read_list("Email\tWhy\nmailto:a@b.example\tbounce").addresses == ["a@b.example"]
    assert read_list('"Last, First",a@b.example\n\n,c@d.example').addresses == ["a@b.example", "c@d.example"]
    assert read_list(text_of("Prénom;courriel\nZoé;zoé@b.example".encode("cp1252"))).addresses == ["zoé@b.example"]
    with pytest.raises(Unreadable, match="too_long"):
        read_list("a@b.example\n" * 20_001)
    with pytest.raises(Unreadable, match="too_large"):
        text_of(b"x" * (4 * 1024 * 1024 + 1))


def test_a_contacts_page_shows_and_stops_an_address(officer: FlaskClient) -> None:
    person = make_person("Ann Member", email="ann@parliament.example")
    person_id, point_id = person.id, person.points[0].id
    assert "Do not write" not in officer.get(f"/contacts/{person_id}").text.split("</header>")[1]
    assert officer.post(f"/contacts/{person_id + 1}/points/{point_id}/stop-letters").status_code == 404
    other_id = make_person("Bo Office", email="ann@parliament.example").id
    why = {"note": "asked on the phone"}
    stopped = officer.post(
        f"/contacts/{person_id}/points/{point_id}/stop-letters", data=why, follow_redirects=True
    ).text
    assert "asked on the phone" in stopped
    assert "stopped by one of us." in stopped
    assert "Stop letters" not in stopped
    assert suppressed(["ann@parliament.example"])
    listed = officer.get("/suppressions").text
    assert f'href="/contacts/{person_id}"' in listed
    assert f'href="/contacts/{other_id}"' in listed
    assert "ann@parliament.example" in listed
    found = officer.post("/suppressions/look-up", data={"address": "Ann@Parliament.example"}).text
    assert f'href="/contacts/{person_id}"' in found
