"""What the screens call offices and forms of address, and why a letter takes one, in the reader's language."""

from __future__ import annotations

from babel import Locale
from flask_babel import get_locale, gettext, lazy_gettext

from crm.salutations.rules import full_languages
from crm.salutations.terms import Address, Formality, Gender, Office, Origin

OFFICES = {
    Office.MONARCH: lazy_gettext("monarch"),
    Office.HEAD_OF_STATE: lazy_gettext("head of state"),
    Office.HEAD_OF_GOVERNMENT: lazy_gettext("head of government"),
    Office.INSTITUTION_PRESIDENT: lazy_gettext("president of an institution"),
    Office.SPEAKER: lazy_gettext("speaker of a parliament"),
    Office.VICE_PRESIDENT: lazy_gettext("vice-president"),
    Office.COMMISSIONER: lazy_gettext("commissioner"),
    Office.REGIONAL_PRESIDENT: lazy_gettext("president of a region"),
    Office.MINISTER: lazy_gettext("minister"),
    Office.DEPUTY_MINISTER: lazy_gettext("deputy minister"),
    Office.STATE_SECRETARY: lazy_gettext("secretary of state"),
    Office.REGIONAL_MINISTER: lazy_gettext("minister of a region"),
    Office.AMBASSADOR: lazy_gettext("ambassador"),
    Office.MEP: lazy_gettext("member of the European Parliament"),
    Office.SENATOR: lazy_gettext("senator"),
    Office.NATIONAL_MP: lazy_gettext("member of a national parliament"),
    Office.MAYOR: lazy_gettext("mayor"),
    Office.OFFICIAL: lazy_gettext("official, or anybody else"),
    Office.INSTITUTION: lazy_gettext("organization"),
}
GENDERS = {
    Gender.WOMAN: lazy_gettext("woman"),
    Gender.MAN: lazy_gettext("man"),
    Gender.NEUTRAL: lazy_gettext("gender not known"),
}
FORMALITIES = {
    Formality.STANDARD: lazy_gettext("Standard"),
    Formality.FORMAL: lazy_gettext("Formal"),
}


def addressed_as_label(office: Office) -> str:
    """The office, in small letters as inside a sentence."""
    return str(OFFICES[office])


def form_of_address_label(gender: Gender) -> str:
    """The gender a form is for."""
    return str(GENDERS[gender])


def formality_label(formality: Formality) -> str:
    """How ceremonious a letter is."""
    return str(FORMALITIES[formality])


def why_addressed(address: Address) -> str:
    """Why a letter opens as it does, such as `minister, woman, Spanish: standard form`."""
    code = address.language
    named = str((get_locale() or Locale("en")).languages.get(code.partition("-")[0], code))
    who = addressed_as_label(address.office)
    if address.office is not Office.INSTITUTION:
        who = gettext("%(office)s, %(gender)s", office=who, gender=form_of_address_label(address.gender))
    if address.origin is Origin.OWN:
        pattern = gettext("written for this contact, %(language)s")
    elif code.partition("-")[0] not in full_languages():
        pattern = gettext("%(who)s, %(language)s: the one neutral form")
    elif address.formality is Formality.FORMAL:
        pattern = gettext("%(who)s, %(language)s: formal form")
    else:
        pattern = gettext("%(who)s, %(language)s: standard form")
    return str(pattern % {"who": who, "language": named})
