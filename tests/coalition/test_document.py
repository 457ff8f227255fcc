"""A feed says no more than it must, and of what it says only that is believed which makes sense."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from crm import clock
from crm.coalition.document import NoFeed, read, written
from crm.coalition.queries import Approached


def _item(**changes: object) -> dict[str, object]:
    day = clock.today().isoformat()
    approach = {"office": ["europarl:1", "sha256:ab"], "campaign": "Spring\x00 \n letters"}
    return {"id": "x", "date_published": f"{day}T00:00:00Z", "_approach": approach} | changes


def _feed(*items: object) -> bytes:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "P", "items": list(items)}).encode()


def test_what_is_written_is_read() -> None:
    today = clock.today()
    offices = [Approached(["europarl:1", "wikidata:Q1"], today, "Spring"), Approached(["sha256:ab"], today, "")]
    told = read(written("The Alliance", offices).encode())
    assert [(each.office, each.key, each.on, each.campaign) for each in told] == [
        ("europarl:1", "europarl:1", today, "Spring"),
        ("europarl:1", "wikidata:Q1", today, "Spring"),
        ("sha256:ab", "sha256:ab", today, ""),
    ]


def test_what_makes_no_sense_is_passed_over() -> None:
    today = clock.today()
    far, old = (today + timedelta(days=2)).isoformat(), (today - timedelta(days=400)).isoformat()
    nonsense = [
        None, 3, "x", {}, _item(_approach=None), _item(_approach={"office": "europarl:1"}), _item(date_published=None),
        _item(date_published=far), _item(date_published=old), _item(date_published="yesterday"),
        _item(_approach={"office": [1, None, "", "no key", "x:" + "y" * 500, "a b:c", "x:\x00"]}),
    ]  # fmt: skip
    told = read(_feed(*nonsense, _item()))
    assert [(each.key, each.on, each.campaign) for each in told] == [
        ("europarl:1", today, "Spring letters"), ("sha256:ab", today, "Spring letters")
    ]  # fmt: skip
    earlier = (today - timedelta(days=9)).isoformat()
    assert {each.on for each in read(_feed(_item(), _item(date_published=earlier)))} == {today}, "the last time counts"


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"[]", b'{"version": "2"}', b"<html>", b"[" * 100_000, _feed().replace(b"items", b"x")]
)
def test_what_is_no_feed_is_refused(raw: bytes) -> None:
    with pytest.raises(NoFeed):
        read(raw)
