"""Screens of the history."""

from crm.history.views import interaction, logging, tasks
from crm.history.views.blueprint import blueprint

__all__ = ["blueprint", "interaction", "logging", "tasks"]
