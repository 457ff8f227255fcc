"""The document that partners exchange: a JSON Feed (version 1.1) with an extension that names the office."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from crm import clock
from crm.coalition.models import CAMPAIGN_LENGTH, KEY_LENGTH, REMEMBERED_DAYS
from crm.coalition.queries import Approached

VERSION = "https://jsonfeed.org/version/1.1"
MEDIA_TYPE = "application/feed+json"
_KEY = re.compile(r"[a-z0-9_.-]{1,40}:[^\s\x00]{1,120}")
_MOST_KEYS = 50
_MOST_ITEMS = 100_000


class NoFeed(ValueError):
    """What was read is no feed of this kind; the message says what is wrong with it."""


@dataclass(frozen=True)
class Told:
    """What a partner says of one office, under one of the keys it goes by."""

    office: str
    key: str
    on: date
    campaign: str


def written(organization: str, offices: Iterable[Approached]) -> str:
    """Our feed. No words of a letter are in it, no person's name, and no address but its hash."""
    items = [
        {
            "id": f"{office.keys[0]}/{office.on.isoformat()}",
            "date_published": f"{office.on.isoformat()}T00:00:00Z",
            "content_text": "",
            "_approach": {"office": list(office.keys), "campaign": office.campaign},
        }
        for office in offices
    ]
    feed = {"version": VERSION, "title": organization, "authors": [{"name": organization}], "items": items}
    return json.dumps(feed, ensure_ascii=False, separators=(",", ":"))


def read(raw: bytes) -> list[Told]:
    """What a partner's feed says, the last day of each key. Raises NoFeed; items that make no sense are passed over."""
    try:
        feed = json.loads(raw)
    except (ValueError, RecursionError):
        raise NoFeed("it is no JSON") from None
    if not isinstance(feed, dict) or not str(feed.get("version", "")).startswith("https://jsonfeed.org/version/1"):
        raise NoFeed("it is no JSON Feed")
    items = feed.get("items")
    if not isinstance(items, list):
        raise NoFeed("it has no items")
    found: dict[str, Told] = {}
    for told in _told(items[:_MOST_ITEMS]):
        if told.key not in found or found[told.key].on < told.on:
            found[told.key] = told
    return list(found.values())


def _told(items: Sequence[Any]) -> Iterator[Told]:
    today = clock.today()
    for item in items:
        approach = item.get("_approach") if isinstance(item, dict) else None
        keys = approach.get("office") if isinstance(approach, dict) else None
        if not isinstance(approach, dict) or not isinstance(keys, list):
            continue
        try:
            on = date.fromisoformat(str(item.get("date_published", ""))[:10])
        except ValueError:
            continue
        # A day that has not come would keep letters from an office for as long as its partner likes.
        if not today - timedelta(days=REMEMBERED_DAYS) <= on <= today + timedelta(days=1):
            continue
        campaign = " ".join(str(approach.get("campaign") or "").replace("\x00", "").split())[:CAMPAIGN_LENGTH]
        for key in keys[:_MOST_KEYS]:
            if isinstance(key, str) and len(key) <= KEY_LENGTH and _KEY.fullmatch(key):
                yield Told(str(keys[0])[:KEY_LENGTH], key, min(on, today), campaign.encode("utf-8", "replace").decode())
