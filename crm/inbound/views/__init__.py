"""Screens of received mail."""

from crm.inbound.views import answering, assigning, formatted, received
from crm.inbound.views.blueprint import blueprint

__all__ = ["answering", "assigning", "blueprint", "formatted", "received"]
