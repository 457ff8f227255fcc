"""Which languages a reader is written to in: their own, then those of their country, then the mailing's fallback."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import lru_cache

import sqlalchemy as sa
from babel.languages import get_territory_language_info

from crm.directory.models import ContactLanguage
from crm.extensions import db
from crm.letters.models import LanguageReason

# Of the whole state: a letter in French is not for all of Italy because the Aosta Valley speaks it.
_STATUS = ("official", "de_facto_official")


@lru_cache(maxsize=512)
def languages_of_country(code: str | None) -> tuple[str, ...]:
    """The official languages of a country (ISO 3166-1 alpha-2) by CLDR, the one most people speak first."""
    if not code:
        return ()
    spoken = [
        (_STATUS.index(facts["official_status"]), -float(str(facts["population_percent"])), language)
        for language, facts in get_territory_language_info(code).items()
        if facts["official_status"] in _STATUS
    ]
    return tuple(language.replace("_", "-") for _status, _share, language in sorted(spoken))


def own_languages(contact_ids: Collection[int]) -> dict[int, list[str]]:
    """The languages each contact is known to read, the best first; one query."""
    rows = db.session.execute(
        sa.select(ContactLanguage.contact_id, ContactLanguage.language)
        .where(ContactLanguage.contact_id.in_(contact_ids))
        .order_by(ContactLanguage.rank, ContactLanguage.id)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for contact_id, language in rows:
        found[contact_id].append(language)
    return dict(found)


def _spelled(languages: Sequence[str]) -> list[str]:
    """Each as it is and without its region: who reads `pt-BR` reads `pt`."""
    return [spelled for language in languages for spelled in (language, language.partition("-")[0])]


@lru_cache(maxsize=4096)
def languages_read(own: tuple[str, ...], country: str | None, fallback: str) -> dict[str, LanguageReason]:
    """The languages to look for a wording in, in their order, each with why it comes up."""
    found = dict.fromkeys(_spelled(own), LanguageReason.PERSON)
    for language in _spelled(languages_of_country(country)):
        found.setdefault(language, LanguageReason.COUNTRY)
    if fallback:
        found.setdefault(fallback, LanguageReason.FALLBACK)
    return found
