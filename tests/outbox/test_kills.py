"""No letter is lost, doubled or miscounted while the workers that send them are killed, and lose what they need."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings

import pytest

from tests.servers.processes import ROOT

# On each database.
KILLS = 25
# What no machine can lack.
ALWAYS = {"power cut", "queue flushed", "queue server emptied", "database locked"}


@pytest.mark.timeout(580)
def test_letters_survive_killed_workers_and_what_they_lose(database_url: str) -> None:
    command = [sys.executable, "-m", "tests.kill_test", "--kills", str(KILLS)]
    if not database_url.startswith("sqlite"):
        command += ["--database-url", database_url]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.stdout, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["broken"] == [], f"{found}\n{ran.stderr[-5000:]}"
    assert ran.returncode == 0
    assert found["kills"] == KILLS
    assert found["letters"] >= 4000
    assert (found["duplicates"], found["lost"], found["false_sent"]) == (0, 0, 0)
    assert found["held"] - found["held_by_power_cut"] <= found["may_be_held"]
    tried = set(found["resumed_after_seconds"])
    assert tried >= ALWAYS
    for trouble, why in found["lacking"].items():
        warnings.warn(f"The kill test went without “{trouble}”: {why}.", stacklevel=1)
