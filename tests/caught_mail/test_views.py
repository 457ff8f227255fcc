"""The pages of caught mail."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import Settings
from crm import create_app
from tests.factories.accounts import make_user, sign_in
from tests.factories.caught_mail import catch_letter

pytestmark = pytest.mark.sqlite_only


def test_the_list_and_a_letter(reader: FlaskClient, settings: Settings) -> None:
    key = catch_letter(settings.caught_mail)
    listed = reader.get("/caught-mail")
    assert "no real mail leaves this machine" in listed.text.lower()
    assert f"/caught-mail/{key}" in listed.text
    page = reader.get(f"/caught-mail/{key}")
    assert "A vote on 12 May" in page.text
    assert "zoe@parliament.example" in page.text
    assert 'href="https://campaign.example/more"' in page.text
    source = reader.get(f"/caught-mail/{key}/source")
    assert source.mimetype == "message/rfc822"
    assert source.headers["Content-Disposition"].startswith("attachment")


def test_an_empty_list_says_so(reader: FlaskClient) -> None:
    assert "Nothing caught yet" in reader.get("/caught-mail").text


def test_html_is_shown_without_what_could_harm(reader: FlaskClient, settings: Settings) -> None:
    hostile = (
        "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>a</a>"
        "<iframe src='https://evil.example'></iframe><form action='/x'><button>go</button></form><p>kept</p>"
    )
    key = catch_letter(settings.caught_mail, html=hostile)
    answer = reader.get(f"/caught-mail/{key}/html")
    assert "kept" in answer.text
    body = answer.text.partition("<body>")[2]
    for harm in ("script", "onerror", "javascript:", "<iframe", "<form"):
        assert harm not in body
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "'unsafe" not in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in reader.get(f"/caught-mail/{key}").text


def test_a_letter_that_is_not_there(reader: FlaskClient, settings: Settings) -> None:
    key = catch_letter(settings.caught_mail, html=None)
    assert reader.get(f"/caught-mail/{key}/html").status_code == 404
    for path in ("/caught-mail/1.M1P1Q1.host", "/caught-mail/1.M1P1Q1.host/source", "/caught-mail/..%2Fsecret_key"):
        assert reader.get(path).status_code == 404


def test_strangers_see_no_mail(app: Flask, client: FlaskClient, settings: Settings) -> None:
    key = catch_letter(settings.caught_mail)
    for path in ("/caught-mail", f"/caught-mail/{key}", f"/caught-mail/{key}/html", f"/caught-mail/{key}/source"):
        assert client.get(path).status_code == 302


def test_without_a_catcher_there_is_no_such_page(app: Flask, client: FlaskClient, settings: Settings) -> None:
    sign_in(client, make_user())
    session = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert session is not None
    other = create_app(settings.model_copy(update={"mail_catcher": False})).test_client()
    other.set_cookie(session.key, session.value)
    assert other.get("/caught-mail").status_code == 404
