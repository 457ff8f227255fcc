"""The killing: workers die and troubles come at moments of the sending, first with one worker, then two, then four."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from tests.kill_test.letters import unfinished
from tests.kill_test.troubles import Trouble, World, possible, resumed
from tests.servers.processes import PromiseBroken

VICTIMS = ("parent", "child", "both")
CREWS = (1, 2, 4)
# Sending goes on within a minute of the return of whatever was away.
RESUMES_WITHIN = 60.0
# The last part of the letters is sent in peace: a claim held after a power cut is missing from them.
_UNTIL = 0.8


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


@dataclass
class Killing:
    """The killing itself. `done` counts kills by victim, `after` tells how soon sending went on after each trouble."""

    world: World
    letters: int
    kills: int
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    after: dict[str, float] = field(default_factory=dict)
    may_hold: int = 0
    in_flight_at_last: int = 0
    last_at: datetime | None = None

    def run(self) -> None:
        """Kill so many times, and bring each trouble once, while letters are on their way."""
        victims = [VICTIMS[number % len(VICTIMS)] for number in range(self.kills)]
        self.chance.shuffle(victims)
        kills: list[Callable[[], None]] = [partial(self._kill, victim) for victim in victims]
        for moment, happens in self._spread(kills, list(possible(self.world))):
            self.world.crew.size = CREWS[min(moment * len(CREWS) // int(self.letters * _UNTIL), len(CREWS) - 1)]
            self._wait_for(moment)
            happens()

    def _spread(self, kills: list[Callable[[], None]], troubles: list[Trouble]) -> list[tuple[int, Callable[[], None]]]:
        """All that happens, with the number of letters that are taken before it; troubles keep their order."""
        last = int(self.letters * _UNTIL)
        events = [(self.chance.randrange(1, last), kill) for kill in kills]
        share = last // (len(troubles) + 1)
        for number, trouble in enumerate(troubles):
            moment = share * number + self.chance.randrange(share // 4, share)
            events.append((moment, partial(self._bring, trouble)))
        return sorted(events, key=lambda event: event[0])

    def _wait_for(self, moment: int) -> None:
        patience = time.monotonic() + 120
        while self.world.log.read() < moment:
            self.world.crew.ensure()
            if time.monotonic() > patience:
                raise PromiseBroken(f"no progress for two minutes at {self.world.log.read()} of {self.letters} letters")
            time.sleep(0.002)

    def _bring(self, trouble: Trouble) -> None:
        say(f"{trouble.name}, at {self.world.log.read()} letters with {self.world.crew.size} workers")
        self.may_hold += trouble.holds * self.world.crew.size
        trouble.make(self.world)
        self.after[trouble.name] = round(resumed(self.world, RESUMES_WITHIN), 1)

    def _kill(self, victim: str) -> None:
        patience = time.monotonic() + 60
        time.sleep(self.chance.uniform(0, 0.02))
        while not self.world.crew.kill(victim, self.chance):
            if time.monotonic() > patience:
                raise PromiseBroken("no worker at work for a minute")
            time.sleep(0.002)
        self.done[victim] += 1
        self.may_hold += 1
        self.in_flight_at_last, self.last_at = unfinished(), datetime.now(UTC)
        if sum(self.done.values()) % 10 == 0:
            say(f"{sum(self.done.values())} kills, {self.world.log.read()} letters taken")

    def reach(self) -> dict[str, object]:
        """What was done, so that nothing passes that was not tried."""
        return {
            "kills": sum(self.done.values()),
            **{f"killed_{victim}": self.done[victim] for victim in VICTIMS},
            "most_workers": self.world.crew.most,
            "in_flight_at_last_kill": self.in_flight_at_last,
            "may_be_held": self.may_hold,
            "resumed_after_seconds": self.after,
            "summer_time_began": bool(self.last_at and self.world.clock.summer_begins < self.last_at),
        }
