"""`ratify check-mail` and `ratify dkim`, against a real mail server and a real name server on this machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crm.cli import main
from tests.servers.dns import name_server
from tests.servers.smtp import Behaviour, SmtpServer

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("RATIFY_DATA", str(tmp_path))
    monkeypatch.setenv("RATIFY_ENV", "test")
    monkeypatch.setenv("MAIL_DEFAULT_SENDER", "Ann <ann@campaign.eu>")
    monkeypatch.setenv("RATIFY_URL", "https://crm.campaign.eu")
    monkeypatch.setenv("DATA_CONTROLLER", "Campaign, Rue 1, Brussels")
    return monkeypatch


def use(environment: pytest.MonkeyPatch, server: SmtpServer) -> None:
    environment.setenv("MAIL_SERVER", server.host)
    environment.setenv("MAIL_PORT", str(server.port))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_what_is_right_is_said_and_nothing_is_sent(environment: pytest.MonkeyPatch, smtp_server: SmtpServer) -> None:
    use(environment, smtp_server)
    environment.setenv("DKIM_DOMAIN", "campaign.eu")
    made = run("dkim")
    assert made.exit_code == 0, made.output
    assert run("dkim").output in made.output, "the key that is there is kept"
    record = next(line.split("value  ")[1] for line in made.output.splitlines() if "value  " in line)
    name = next(line.split("name   ")[1] for line in made.output.splitlines() if "name   " in line)
    table = {
        (name, "TXT"): [f'"{record[:200]}" "{record[200:]}"'],
        ("campaign.eu", "TXT"): ['"v=spf1 ip4:127.0.0.1 -all"', '"another=text"'],
        ("_dmarc.campaign.eu", "TXT"): ['"v=DMARC1; p=quarantine"'],
        ("campaign.eu", "MX"): ["10 mx.campaign.eu."],
    }
    with name_server(table) as port:
        found = run("check-mail", "--name-server", f"127.0.0.1#{port}")
    assert found.exit_code == 0, found.output
    steps = [line.split()[:2] for line in found.output.splitlines()]
    names = "Name Connection Encryption Sign-in Size Sender DKIM SPF DMARC Answers Links Identity"
    assert steps == [["ok", f"{name}:"] for name in names.split()], found.output
    assert smtp_server.received == []


def test_what_is_wrong_in_the_dns_is_said_with_what_to_do(
    environment: pytest.MonkeyPatch, smtp_server: SmtpServer
) -> None:
    use(environment, smtp_server)
    environment.setenv("MAIL_RETURN_PATH", "bounces@reports.campaign.eu")
    environment.setenv("RATIFY_URL", "http://127.0.0.1:8000")
    environment.delenv("DATA_CONTROLLER")
    environment.setenv("DKIM_DOMAIN", "campaign.eu")
    with name_server({}) as port:
        assert "there is no key" in run("check-mail", "--name-server", f"127.0.0.1#{port}").output
    run("dkim")
    table = {
        ("ratify._domainkey.campaign.eu", "TXT"): ['"v=DKIM1; p=MIIBother"'],
        ("reports.campaign.eu", "TXT"): ['"v=spf1 -all"', '"v=spf1 mx -all"'],
        ("campaign.eu", "MX"): ["0 ."],
        ("reports.campaign.eu", "A"): ["127.0.0.1"],
    }
    with name_server(table) as port:
        found = run("check-mail", "--name-server", f"127.0.0.1#{port}", "--to", "ann@campaign.eu")
    assert found.exit_code == 1
    for said in (
        "reports.campaign.eu has 2 records that says who may send",
        "The DNS has another key than ours at ratify._domainkey.campaign.eu.",
        "Put there what `ratify dkim` prints.",
        "_dmarc.campaign.eu",
        "Nobody takes mail for campaign.eu",
        "Mail to reports.campaign.eu has somewhere to go",
        "Set RATIFY_URL",
        "Set DATA_CONTROLLER",
        "The server took a letter to ann@campaign.eu: 250",
    ):
        assert said in " ".join(found.output.split()), said
    assert [letter.recipient for letter in smtp_server.received] == ["ann@campaign.eu"]
    assert "DKIM-Signature" in smtp_server.received[0].message


def test_each_trouble_with_the_server_names_its_step(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MAIL_DEFAULT_SENDER", "ann@ratify.example")
    assert "Set MAIL_SERVER" in run("check-mail").output
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        environment.setenv("MAIL_SERVER", "127.0.0.1")
        environment.setenv("MAIL_PORT", str(closed.getsockname()[1]))
        found = run("check-mail")
    assert found.exit_code == 1
    assert "NO  Connection:" in found.output

    with SmtpServer(login=("ann", "right")).running() as server:
        use(environment, server)
        environment.setenv("MAIL_USERNAME", "ann")
        environment.setenv("MAIL_PASSWORD", "wrong")
        assert "NO  Sign-in:" in run("check-mail").output
        environment.setenv("MAIL_USE_TLS", "true")
        assert "NO  Encryption:" in run("check-mail").output
    for name in ("MAIL_USERNAME", "MAIL_PASSWORD", "MAIL_USE_TLS"):
        environment.delenv(name)
    refusing = Behaviour(rcpt=lambda _to: "550 not from here", end=lambda _to: "554 no")
    with SmtpServer(refusing).running() as server:
        use(environment, server)
        found = run("check-mail")
        assert "550 not from here" in found.output
        assert "NO  Sender:" in found.output
        assert "NO  Test letter:" in run("check-mail", "--to", "someone@ratify.example").output
        assert server.received == []


def test_wrong_names_are_refused(environment: pytest.MonkeyPatch) -> None:
    assert "DKIM_DOMAIN" in run("dkim").output
    environment.setenv("DKIM_DOMAIN", "not a domain")
    assert "is no name in the DNS" in run("dkim").output
