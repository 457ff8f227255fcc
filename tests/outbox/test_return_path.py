"""The envelope of a mailing's letters names the letter, signed; nobody else can make such an address."""

from __future__ import annotations

import pytest
from flask import Flask

from crm.outbox.return_path import ForgedTag, letter_of, return_path
from tests.factories.outbox import letters, make_batch
from tests.outbox.conftest import Send
from tests.servers.smtp import SmtpServer


@pytest.mark.sqlite_only
def test_only_we_sign_a_return_path(app: Flask) -> None:
    address = return_path("bounces@ratify.example", 31)
    assert address.startswith("bounces+1f-")
    assert address.endswith("@ratify.example")
    assert letter_of(address) == letter_of(f"<{address.upper()}>") == 31
    # The longest there can be still fits before the @ (RFC 5321).
    assert len(return_path(f"{'b' * 30}@ratify.example", 2**63 - 1).partition("@")[0]) <= 64
    for other in ("bounces@ratify.example", "ann+news@ratify.example", "", "bounces+1f@ratify.example"):
        assert letter_of(other) is None
    with pytest.raises(ForgedTag):
        letter_of(address.replace("+1f-", "+20-"))
    app.config["SECRET_KEY"] = "another key, with which other letters were signed"
    with pytest.raises(ForgedTag):
        letter_of(address)
    assert return_path("", 31) == ""


@pytest.mark.sqlite_only
def test_the_letters_of_a_mailing_leave_with_it_and_no_others(app: Flask, server: SmtpServer, send: Send) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"mail_return_path": "bounces@ratify.example"})
    mailing = make_batch(2, one_click_unsubscribe=True)
    make_batch(1, kind="notice", reference="standing", sender="Ann <ann@ratify.example>")
    send()
    *mails, notice = sorted(server.received, key=lambda mail: not mail.sender.startswith("bounces+"))
    assert [letter_of(mail.sender) for mail in mails] == [letter.id for letter in letters(mailing)]
    assert notice.sender == "ann@ratify.example"
    # Readers see who wrote, not where reports go.
    assert all("bounces" not in str(mail.message["From"]) for mail in mails)
