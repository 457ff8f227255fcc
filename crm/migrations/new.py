"""Writes a migration from what the models have and the last one lacks: `python -m crm.migrations.new "add …"`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command

from crm.database import alembic_config


def main() -> None:
    """Write the file under versions/, to be read through before it is kept."""
    with TemporaryDirectory() as folder:
        config = alembic_config(f"sqlite:///{Path(folder) / 'migrated.db'}")
        command.upgrade(config, "head")
        number = len(list((Path(__file__).parent / "versions").glob("*.py"))) + 1
        command.revision(config, sys.argv[1], autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    main()
