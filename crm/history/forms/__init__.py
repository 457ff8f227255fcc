"""The forms of the history: an interaction, logging one with all that follows from it, a task."""

from crm.history.forms.interaction import ChangeForm, InteractionForm, to_local
from crm.history.forms.log import LogForm
from crm.history.forms.task import TaskForm

__all__ = ["ChangeForm", "InteractionForm", "LogForm", "TaskForm", "to_local"]
