"""Screens made of many features."""

from crm.overview.views import (
    bulk,
    cells,
    changes,
    contact,
    contacts,
    editing,
    filter_menus,
    introductions,
    list_settings,
    parts,
    reminder,
    search,
    timeline,
    today,
)
from crm.overview.views.blueprint import blueprint

__all__ = [
    "blueprint",
    "bulk",
    "cells",
    "changes",
    "contact",
    "contacts",
    "editing",
    "filter_menus",
    "introductions",
    "list_settings",
    "parts",
    "reminder",
    "search",
    "timeline",
    "today",
]
