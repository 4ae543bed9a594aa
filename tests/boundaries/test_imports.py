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


@pytest.mark.parametrize("module", ["sipas.backups", "sipas.wsgi"])
def test_commands_and_servers_on_sqlite_import_no_migrations_and_no_driver_of_postgresql(module, settings):
    code = f"import sys, {module}; print(*sys.modules)"
    environ = {**os.environ, "SIPAS_HOME": str(settings.home)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert {"alembic", "psycopg"} & set(run.stdout.split()) == set()
