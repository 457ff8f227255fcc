"""An address is kept as email-validator normalizes it, whichever way it is looked at."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email

from crm.directory.actions import InvalidAddress, normalize_address

ADDRESSES = [
    "ada@parliament.example",
    " Ada.Invented@Parliament.Example ",
    "ada+news@parliament.example",
    "ada..invented@parliament.example",
    ".ada@parliament.example",
    "ada-@parliament.example",
    "_ada_@parliament.example",
    "a" * 64 + "@parliament.example",
    "a" * 65 + "@parliament.example",
    "ada@" + "d" * 63 + ".example",
    "ada@" + "d" * 64 + ".example",
    "ada@" + ".".join(["d" * 60] * 4) + ".example",
    "a" * 60 + "@" + ".".join(["d" * 60] * 3) + ".example",
    "ada@parliament",
    "ada@localhost",
    "ada@-parliament.example",
    "ada@parliament..example",
    "ada@xn--bcher-kva.example",
    "ada@b\u00fccher.example",
    "ad\u00e5@parliament.example",
    "\N{KELVIN SIGN}ate@parliament.example",
    "ada@127.0.0.1",
    "ada",
    "@parliament.example",
    "",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("again", [False, True])
def test_the_short_way_says_what_the_library_says(address: str, again: bool) -> None:
    try:
        expected = validate_email(address.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        for _time in range(1 + again):
            with pytest.raises(InvalidAddress):
                normalize_address(address)
    else:
        assert [normalize_address(address) for _time in range(1 + again)] == [expected] * (1 + again)
