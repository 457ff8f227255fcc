"""Finds links that lead nowhere, by how they are written: nothing is asked of any server."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from crm.letters.lint.found import Found
from crm.letters.models import FindingCode

_HREF = re.compile(r'<a\b[^>]*\bhref="([^"]*)"')
# What was meant as a link and is none: a scheme with a slip in it.
_SLIP = re.compile(
    r"(?<![\w/])(?:https?:/(?!/)\S*|https?:www\.\S*|https?//\S*|https?;//\S*|(?:htps?|htttps?|ttps?)://\S*|https?://(?=\s|$))",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$", re.IGNORECASE)
# A name of one's own machine or network opens nothing at the reader's.
_INNER = (".local", ".lan", ".internal", ".localhost", ".invalid", ".test")


def _is_host(host: str) -> bool:
    """Whether a reader elsewhere could look up this name or address."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    try:
        labels = host.encode("idna").decode().rstrip(".").split(".")
    except UnicodeError:
        return False
    whole = f".{host.lower()}"
    return (
        len(labels) > 1
        and all(_LABEL.match(label) for label in labels)
        and not labels[-1].isdigit()
        and len(labels[-1]) > 1
        and not whole.endswith(_INNER)
    )


def is_link_sound(address: str) -> bool:
    """Whether the address of a link is written so that it can lead somewhere."""
    if address.startswith("#") or re.search(r"\s|[{}<>]", unquote(address)):
        return False
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        return False
    if parts.scheme == "mailto":
        try:
            # Whether the domain takes mail would have to be asked of others.
            for each in unquote(parts.path).split(","):
                validate_email(each, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            return False
        return True
    return parts.scheme in ("http", "https") and _is_host(parts.hostname or "")


def broken_links(text: str, html: str) -> Iterator[Found]:
    """Links whose address cannot be right, and what was meant as one."""
    addresses = dict.fromkeys(unescape(match[1]) for match in _HREF.finditer(html))
    for address in addresses:
        if not is_link_sound(address):
            yield Found(FindingCode.BROKEN_LINK, address)
    for match in _SLIP.finditer(text):
        if match[0] not in addresses and not any(match[0] in address for address in addresses):
            yield Found(FindingCode.BROKEN_LINK, match[0])
