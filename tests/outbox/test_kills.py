"""No letter is lost, doubled or miscounted while the workers that send them are killed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.servers.processes import ROOT

KILLS = 20


@pytest.mark.timeout(290)
def test_letters_survive_killed_workers(database_url: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.kill_test", "--kills", str(KILLS), "--database-url", database_url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["broken"] == [], f"{found}\n{ran.stderr[-5000:]}"
    assert ran.returncode == 0
    assert found["kills"] == KILLS
    assert found["letters"] >= 2000
    assert (found["duplicates"], found["lost"], found["false_sent"]) == (0, 0, 0)
    assert found["held"] <= KILLS
