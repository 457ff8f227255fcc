"""The rules of the house, read from the source: see docs/architecture.md. The floors stand in pyproject.toml."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from crm import job_queue, models
from crm.database import Base

ROOT = Path(__file__).parents[1]
MIGRATIONS = ROOT / "crm" / "migrations"
LONGEST = 350

# Packages of crm/ that are not features: processes and screens' data stand on the features.
NOT_FEATURES = {"cli", "demo", "migrations", "processes"}
# Names that say nothing; a file has one of the usual names (models, queries, actions, …) or is a noun of its own.
MEANINGLESS = {
    "base",
    "common",
    "core",
    "helper",
    "helpers",
    "lib",
    "manager",
    "misc",
    "service",
    "tools",
    "util",
    "utils",
}


@dataclass(frozen=True)
class Module:
    """One source file, parsed."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        """Path from the root, with slashes."""
        return self.path.relative_to(ROOT).as_posix()

    def imports(self) -> set[str]:
        """Every module it imports from, wherever it stands in the file; `from a import b` gives a and a.b."""
        return set(_imported(ast.walk(self.tree)))

    def inner_imports(self) -> set[str]:
        """What it imports inside of functions."""
        functions = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return {name for function in functions for name in _imported(ast.walk(function))}


def _imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _modules(*patterns: str) -> list[Module]:
    paths = sorted({path for pattern in patterns for path in ROOT.glob(pattern)})
    return [Module(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


PRODUCT = [
    module
    for module in _modules("crm/**/*.py", "config.py", "config_inbound.py", "config_pace.py", "worker.py")
    if "versions" not in module.path.parts
]
EVERYTHING = PRODUCT + _modules("tests/**/*.py", "benchmarks/**/*.py")


def test_the_rules_see_the_whole_product() -> None:
    assert len(PRODUCT) > 60
    assert {
        "crm/__init__.py",
        "crm/unit_of_work.py",
        "crm/outbox/models/__init__.py",
        "config.py",
        "config_inbound.py",
        "config_pace.py",
        "worker.py",
    } <= {module.name for module in PRODUCT}


def _features() -> list[Path]:
    folders = [path.parent for path in ROOT.glob("crm/*/__init__.py")]
    return sorted(folder for folder in folders if folder.name not in NOT_FEATURES)


def test_floors() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_cycles() -> None:
    names = {module.name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): module for module in PRODUCT}
    # `from crm import x` names the package as well, which has been loaded by then.
    graph = {
        name: {found for found in module.imports() - module.inner_imports() if found in names} - {name, "crm"}
        for name, module in names.items()
    }
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, with the cycle
    assert len(order) == len(PRODUCT)


def test_imports_stand_at_the_top() -> None:
    for module in PRODUCT:
        assert not module.inner_imports(), module.name


def test_screens_go_by_the_readers_day() -> None:
    """Who reads in Brussels or Suva has another today than the server: `i18n.today`, not `clock.today`."""
    screens = [module for module in PRODUCT if re.search(r"/(?:views|forms)(?:/|\.py)", module.name)]
    assert len(screens) > 20
    for module in screens:
        clocks = [node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute) and node.attr == "today"]
        assert {ast.unparse(node.value) for node in clocks} <= {"i18n"}, module.name


def test_one_rule_says_what_a_team_sees() -> None:
    """`policy.visible_to`: a query that compares by itself is one that somebody forgets when the rule changes."""
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "crm").rglob("*.py")}
    going_by_it = [path for path, source in sources.items() if "visible_to(" in source]
    assert len(going_by_it) > 10
    assert [path.name for path, source in sources.items() if "team_id.is_(None)" in source] == []


def test_every_module_says_what_it_owns() -> None:
    for module in PRODUCT:
        assert ast.get_docstring(module.tree), module.name


def test_no_file_is_too_long() -> None:
    for module in EVERYTHING:
        length = len(module.path.read_text(encoding="utf-8").splitlines())
        assert length <= LONGEST, f"{module.name} has {length} lines: split it by meaning"


def test_every_file_has_a_name_that_says_something() -> None:
    features = _features()
    assert len(features) >= 9
    for module in PRODUCT:
        assert not set(module.name.removesuffix(".py").split("/")) & MEANINGLESS, module.name


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("rq", {"crm/job_queue.py", "worker.py", "crm/*/jobs.py"}),
        ("smtplib", {"crm/outbox/*.py"}),
        ("flask_mail", {"crm/outbox/*.py", "crm/extensions.py"}),
        ("aiosmtpd", {"crm/processes/mail_catcher.py", "crm/processes/lmtp.py"}),
        ("imaplib", {"crm/inbound/mailbox.py"}),
        ("requests", set()),
    ],
)
def test_only_these_import(library: str, allowed: set[str]) -> None:
    allowed_files = {path for pattern in allowed for path in ROOT.glob(pattern)}
    users = {module.path for module in PRODUCT if any(name.split(".")[0] == library for name in module.imports())}
    assert users <= allowed_files, f"{library}: {users - allowed_files}"


def test_only_the_unit_of_work_commits() -> None:
    committing = set()
    for module in PRODUCT:
        calls = [node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
        if any(isinstance(call, ast.Attribute) and call.attr == "commit" for call in calls):
            committing.add(module.name)
    assert committing == {"crm/bare_writes.py", "crm/unit_of_work.py"}


def test_only_processes_build_the_app() -> None:
    for module in PRODUCT:
        if "crm.create_app" in module.imports():
            assert module.name.startswith("crm/cli/") or module.name == "worker.py", module.name


def test_every_job_has_a_worker() -> None:
    for path in ROOT.glob("crm/*/jobs.py"):
        importlib.import_module(f"crm.{path.parent.name}.jobs")
    jobs = job_queue.allowed_jobs()
    assert set(jobs.values()) <= set(job_queue.QUEUES)
    for name in jobs:
        module, _, function = name.rpartition(".")
        assert module.endswith(".jobs"), f"{name}: jobs stand in a jobs.py"
        assert callable(getattr(importlib.import_module(module), function))


def _named_jobs(module: Module) -> set[str]:
    """Texts that name a function of a `jobs.py`: what a doorbell rings, given directly or through a constant."""
    texts = (node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"crm\.\w+\.jobs\.\w+", text)}


def test_doorbells_name_jobs_that_exist() -> None:
    for path in ROOT.glob("crm/*/jobs.py"):
        importlib.import_module(f"crm.{path.parent.name}.jobs")
    named = {job: module.name for module in PRODUCT for job in _named_jobs(module)}
    assert len(named) >= 3
    assert set(named) <= set(job_queue.allowed_jobs()), named


def test_every_table_is_registered() -> None:
    registered = {module.__name__ for module in models.FEATURES}
    files = [*ROOT.glob("crm/*/models.py"), *ROOT.glob("crm/*/models/__init__.py")]
    written = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files}
    assert registered == written


def test_migrations_equal_the_models(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert len(Base.metadata.tables) >= 10
    assert differences == []


# A team works in them; that keeps nobody from reading them.
OPEN_TO_OTHER_TEAMS = {"campaign", "user"}


def test_the_trail_knows_which_rows_are_one_teams_alone() -> None:
    tables = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    owned = {name for name, table in tables.items() if table.__audited__ and "team_id" in Base.metadata.tables[name].c}
    assert {name for name in owned if tables[name].__team_of__ != "team_id"} == OPEN_TO_OTHER_TEAMS
