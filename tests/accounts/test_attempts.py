"""Guessing is bounded, and nobody is locked out by a stranger's guesses."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config import Settings
from crm import create_app
from crm.accounts import passwords
from crm.extensions import db, limiter
from crm.outbox.models import OutgoingMessage
from tests.conftest import RequestClient
from tests.factories.accounts import PASSWORD, make_user, sign_in

EMAIL = "eve@team.example"
PER_ACCOUNT_AND_NETWORK, PER_NETWORK, PER_ACCOUNT = 10, 50, 100


@pytest.fixture(autouse=True)
def quick_for_nobody(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work done for unknown accounts is tested elsewhere."""
    monkeypatch.setattr(passwords, "NOBODY", passwords.hash_password("nobody"))


def attempt(
    client: FlaskClient, password: str = "wrong", *, email: str = EMAIL, address: str = "192.0.2.1"
) -> TestResponse:
    return client.post("/sign-in", data={"email": email, "password": password}, environ_base={"REMOTE_ADDR": address})


def test_the_eleventh_failure_has_to_wait_and_keeps_the_form(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    for _ in range(PER_ACCOUNT_AND_NETWORK):
        assert attempt(client).status_code == 401
    refused = attempt(client, PASSWORD)
    assert refused.status_code == 429
    assert "Too many attempts. Wait 15 minutes" in refused.text
    assert f'value="{EMAIL}"' in refused.text
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert client.get("/sign-in").status_code == 200


def test_the_owner_comes_in_from_elsewhere_while_somebody_guesses(app: Flask, client: FlaskClient) -> None:
    make_user(email=EMAIL)
    for _ in range(PER_ACCOUNT_AND_NETWORK + 1):
        attempt(client)
    assert attempt(app.test_client(), PASSWORD, address="198.51.100.7").status_code == 302


def test_successful_sign_ins_do_not_count(app: Flask) -> None:
    make_user(email=EMAIL)
    for _ in range(PER_ACCOUNT_AND_NETWORK + 3):
        assert attempt(app.test_client(), PASSWORD).status_code == 302


def test_one_network_may_not_try_account_after_account(app: Flask) -> None:
    client = app.test_client()
    for number in range(PER_NETWORK):
        assert attempt(client, email=f"user{number}@team.example").status_code == 401
    assert attempt(client, email="another@team.example").status_code == 429
    assert attempt(client, email="another@team.example", address="198.51.100.7").status_code == 401


@pytest.mark.sqlite_only
def test_addresses_of_one_ipv6_network_are_one(app: Flask) -> None:
    client = app.test_client()
    for number in range(PER_ACCOUNT_AND_NETWORK):
        attempt(client, address=f"2001:db8:0:1::{number + 1:x}")
    assert attempt(client, address="2001:db8:0:1:ffff::1").status_code == 429
    assert attempt(client, address="2001:db8:0:2::1").status_code == 401


def spread_attack(client: FlaskClient) -> None:
    """One guess each from as many networks as one account allows in an hour."""
    for number in range(PER_ACCOUNT):
        assert attempt(client, address=f"10.{number}.0.1").status_code == 401


def test_a_botnet_is_bounded_and_the_owners_own_browser_is_not(app: Flask) -> None:
    make_user(email=EMAIL)
    own = app.test_client()
    assert attempt(own, PASSWORD, address="198.51.100.7").status_code == 302
    own.post("/sign-out")
    spread_attack(app.test_client())
    stranger = attempt(app.test_client(), PASSWORD, address="203.0.113.9")
    assert stranger.status_code == 429
    assert "reset your password" in stranger.text
    assert attempt(own, PASSWORD, address="198.51.100.7").status_code == 302
    # Another account on the same browser is a stranger's.
    make_user(email="mallory@team.example")
    assert attempt(own, PASSWORD, email="mallory@team.example", address="203.0.113.9").status_code != 429


def test_a_known_browser_may_not_guess_without_end_either(app: Flask) -> None:
    make_user(email=EMAIL)
    own = app.test_client()
    assert attempt(own, PASSWORD).status_code == 302
    own.post("/sign-out")
    for _ in range(PER_ACCOUNT_AND_NETWORK):
        assert attempt(own).status_code == 401
    assert attempt(own, PASSWORD).status_code == 429


@pytest.mark.sqlite_only
def test_a_forged_browser_is_a_stranger(app: Flask) -> None:
    make_user(email=EMAIL)
    forger = app.test_client()
    forger.set_cookie("ratify-browser", "WyJhbnl0aGluZyJd.forged.signature")
    spread_attack(app.test_client())
    assert attempt(forger, PASSWORD, address="203.0.113.9").status_code == 429


def test_mails_are_bounded_per_account_the_same_for_unknown_ones(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    for email in (EMAIL, "nobody@team.example"):
        for _ in range(3):
            assert client.post("/forgotten-password", data={"email": email}).status_code == 200
        refused = client.post("/forgotten-password", data={"email": email})
        assert refused.status_code == 429
        assert f'value="{email}"' in refused.text
        assert "wait an hour" in refused.text
    assert db.session.query(OutgoingMessage).count() == 3


def test_guesses_at_the_present_password_are_bounded(client: FlaskClient) -> None:
    sign_in(client, make_user())
    guess = {"password": "wrong", "new_password": "another long password"}
    for _ in range(10):
        assert client.post("/account/password", data=guess).status_code == 401
    refused = client.post("/account/password", data=guess)
    assert refused.status_code == 429
    assert "quarter of an hour" in refused.text


@pytest.mark.sqlite_only
def test_without_the_queue_server_attempts_are_counted_in_memory(app: Flask, settings: Settings) -> None:
    make_user(email=EMAIL)
    dead = create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    dead.test_client_class = RequestClient
    try:
        client = dead.test_client()
        for _ in range(PER_ACCOUNT_AND_NETWORK):
            assert attempt(client).status_code == 401
        assert attempt(client).status_code == 429
        assert attempt(client, PASSWORD, address="198.51.100.7").status_code == 302
    finally:
        limiter.init_app(app)
        limiter._storage_dead = False
