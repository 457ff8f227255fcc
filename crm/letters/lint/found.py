"""One thing that is wrong with a letter, before it is known in which letters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crm.letters.models import FindingCode, Severity

_SEVERITIES = {
    FindingCode.PLACEHOLDER_LEFT: Severity.BLOCKER,
    FindingCode.EMPTY_VALUE: Severity.BLOCKER,
    FindingCode.EMPTY_TEXT: Severity.BLOCKER,
    FindingCode.BROKEN_LINK: Severity.BLOCKER,
    FindingCode.OUTDATED_POST: Severity.BLOCKER,
    FindingCode.OLD_ADDRESS: Severity.BLOCKER,
    FindingCode.THANKS_OPPONENT: Severity.BLOCKER,
    FindingCode.UNAPPROVED_TEXT: Severity.BLOCKER,
}


def severity_of(code: FindingCode) -> Severity:
    """What a finding usually does: what is certain blocks, what may be meant so is warned of."""
    return _SEVERITIES.get(code, Severity.WARNING)


@dataclass(frozen=True)
class Found:
    """A finding; `detail` quotes the place or the value."""

    code: FindingCode
    detail: str = ""
    severity: Severity | None = None

    @property
    def weight(self) -> Severity:
        """Its own severity, or the usual one."""
        return self.severity or severity_of(self.code)


def together(found: Iterable[Found]) -> list[Found]:
    """One finding of each code, the worst severity, their details joined."""
    joined: dict[FindingCode, Found] = {}
    for each in found:
        before = joined.get(each.code)
        if before is None:
            joined[each.code] = each
            continue
        details = dict.fromkeys([*before.detail.split(" · "), each.detail])
        worst = Severity.BLOCKER if Severity.BLOCKER in (before.weight, each.weight) else Severity.WARNING
        joined[each.code] = Found(each.code, " · ".join(filter(None, details)), worst)
    return list(joined.values())
