"""Screens of received mail."""

from crm.inbound.views import assigning, received
from crm.inbound.views.blueprint import blueprint

__all__ = ["assigning", "blueprint", "received"]
