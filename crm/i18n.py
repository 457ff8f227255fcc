"""Languages of the screens: a reader's choice, its direction, and a pseudo-locale that shows untranslated text."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.support import NullTranslations
from flask import Flask, current_app, has_request_context, request, session
from flask_babel import Domain, get_locale, get_timezone
from flask_login import current_user

from crm import clock
from crm.extensions import babel

LANGUAGES = {"en": "English"}
# Plain "en" would write days the American way; readers here write the day before the month.
_FORMATS = {"en": "en_GB"}
# Every message through gettext comes back marked and right to left; offered outside production only.
PSEUDO_LANGUAGE = "ar"
_KEY = "language"


class PseudoTranslations(NullTranslations):
    """Marks every message between angle brackets, so that a string outside gettext stands out."""

    def gettext(self, message: str) -> str:
        return f"⟪{message}⟫"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟪{msgid1 if n == 1 else msgid2}⟫"

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    ugettext = gettext
    ungettext = ngettext
    upgettext = pgettext


class PseudoDomain(Domain):  # type: ignore[misc]  # flask-babel is untyped
    """The catalogs on disk, and the pseudo-locale made on the fly."""

    def get_translations(self) -> Any:
        locale = get_locale()
        if locale is not None and locale.language == PSEUDO_LANGUAGE and PSEUDO_LANGUAGE not in LANGUAGES:
            return PseudoTranslations()
        return super().get_translations()


def languages() -> dict[str, str]:
    """Code and own name of each language a reader may choose here."""
    if current_app.config["PSEUDO_LOCALE"] and PSEUDO_LANGUAGE not in LANGUAGES:
        return LANGUAGES | {PSEUDO_LANGUAGE: "⟪Pseudo⟫"}
    return LANGUAGES


def locale_of(language: str) -> str:
    """The locale whose days and numbers go with a language, for mails to somebody who is not asking just now."""
    return _FORMATS.get(language, language)


def choose_language(code: str) -> None:
    """Keep the reader's choice in the session; an unknown code changes nothing."""
    if code in languages():
        session[_KEY] = code


def _select_language() -> str:
    if not has_request_context():
        return "en"
    chosen = session.get(_KEY)
    if chosen in languages():
        return str(chosen)
    own = getattr(current_user, "language", None)
    if own in languages():
        return str(own)
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def _select_locale() -> str:
    language = _select_language()
    return _FORMATS.get(language, language)


def _select_timezone() -> str | None:
    return getattr(current_user, "timezone", None) if has_request_context() else None


def today(zone: str | None = None) -> date:
    """The present day where the reader is, by the clock their screens show moments in; outside a request, in UTC.

    With a `zone` (an IANA name), the day there. What is stored and compared for everybody alike (which mandates have
    ended) goes by `clock.today`.
    """
    return clock.now().astimezone(ZoneInfo(zone) if zone else get_timezone()).date()


def day_begins(day: date) -> datetime:
    """The moment a day begins where the reader is, in UTC; the day before ends with it."""
    return datetime.combine(day, time(), ZoneInfo(str(get_timezone()))).astimezone(UTC)


def direction() -> str:
    """`ltr` or `rtl`, for the page's `dir`."""
    locale = get_locale() or Locale("en")
    return str(locale.text_direction)


def init_app(app: Flask) -> None:
    """Bind flask-babel with our choice of language."""
    babel.init_app(app, locale_selector=_select_locale, timezone_selector=_select_timezone)
    babel.domain_instance = PseudoDomain()
    app.jinja_env.globals.update(direction=direction, languages=languages, current_language=get_locale)
