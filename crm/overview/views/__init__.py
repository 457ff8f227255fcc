"""Screens made of many features."""

from crm.overview.views import contact, contacts, editing, filter_menus, home, introductions, parts, search
from crm.overview.views.blueprint import blueprint

__all__ = ["blueprint", "contact", "contacts", "editing", "filter_menus", "home", "introductions", "parts", "search"]
