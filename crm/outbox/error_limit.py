"""How many letters of a batch may fail before it pauses itself."""

from __future__ import annotations

from dataclasses import dataclass

from crm.outbox.reasons import Reason

# How a letter ended, as a batch remembers its last ones.
SENT, FAILED = ".", "x"
# They say nothing of what the next letter meets: three days of greylisting are over, or a person decided.
NOT_COUNTED = frozenset({Reason.EXPIRED, Reason.SAID_GIVE_UP})


@dataclass(frozen=True)
class ErrorLimit:
    """At most `share` percent of the last `window` letters may fail, and fewer than `least` failures are no pattern."""

    window: int
    share: int
    least: int

    def kept(self, recent: str) -> str:
        """As much of the past as is judged by."""
        return recent[-self.window :]

    def passed(self, recent: str) -> tuple[int, int] | None:
        """How many of how many failed, where that is too many; None where it is not."""
        judged = self.kept(recent)
        failed = judged.count(FAILED)
        too_many = failed >= self.least and failed * 100 > self.share * len(judged)
        return (failed, len(judged)) if too_many else None
