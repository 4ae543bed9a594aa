"""The directions of the house are kept, and what must start fast imports nothing heavy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_are_kept():
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]


@pytest.mark.parametrize("module", ["sipas.cli.analyst.estimate", "analysis", "surveys"])
def test_what_stands_alone_imports_no_web_server_and_no_database(module):
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"flask", "werkzeug", "sqlalchemy", "scipy.stats", "jinja2", "granian"} & set(run.stdout.split())
    assert heavy == set()


def loaded_by(code: str, settings) -> set[str]:
    """All modules that a fresh process holds after the code."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SIPAS_HOME": str(settings.home)},
    )
    return set(run.stdout.split())


def test_a_worker_starts_without_scipy_and_pyarrow_and_serves_with_the_garbage_collector_on(settings, database):
    """They are 0.4 s and 80 MB of each worker; whoever freezes or estimates does so in a command of her own."""
    loaded = loaded_by("import gc, sipas.wsgi; assert gc.isenabled() and gc.get_freeze_count()", settings)
    assert {"flask", "sqlalchemy"} <= loaded
    assert not {"scipy", "pyarrow", "alembic"} & loaded


SERVE = """
import click
import sipas.cli.operator.serve as command
served = []
command._serve = lambda *given: served.append(given)
with click.Context(command.serve):
    command.serve.callback("127.0.0.1", 0, 1, None, None)
assert served
"""


def test_sipas_serve_has_its_workers_started_before_it_reads_any_page(settings, database):
    """Workers start after it, not beside it: what it imports, everybody waits for."""
    loaded = loaded_by(SERVE, settings)
    assert "sqlalchemy" in loaded
    assert not {"flask", "jinja2", "pyarrow", "scipy", "sipas.desk.views"} & loaded


@pytest.mark.parametrize("module", ["sipas.backups", "sipas.wsgi"])
def test_commands_and_servers_on_sqlite_import_no_migrations_and_no_driver_of_postgresql(module, settings):
    code = f"import sys, {module}; print(*sys.modules)"
    environ = {**os.environ, "SIPAS_HOME": str(settings.home)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert {"alembic", "psycopg"} & set(run.stdout.split()) == set()
