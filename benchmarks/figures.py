"""The file of figures that `make bench JSON=FILE` writes; each benchmark puts its own under keys of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write(path: Path, figures: dict[str, Any]) -> None:
    """Put the figures into the file, beside those of other benchmarks there."""
    known = json.loads(path.read_text()) if path.exists() and path.read_text().strip() else {}
    path.write_text(json.dumps(known | figures, indent=2) + "\n")
