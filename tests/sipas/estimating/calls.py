"""Commands as a person calls them, and files to call them on."""

import csv
import json

from click.testing import CliRunner

from analysis.simulation.snapshot import freeze_simulated
from sipas.cli import group
from sipas.i18n import speaking
from tests.analysis.province import a_province

MONTHS = {"first": ["2025-10", "2025-11", "2025-12"], "second": ["2026-01", "2026-02", "2026-03"]}


def call(*arguments):
    """The command run in this process."""
    with speaking("en"):
        return CliRunner().invoke(group, [str(argument) for argument in arguments])


def rows_of(*arguments):
    """The rows that a command prints as JSON."""
    result = call(*arguments, "--json")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def write_waves(folder, **changes):
    """Two waves as the platform freezes them, and the dossiers of both in one table."""
    cells = []
    for seed, (name, months) in enumerate(MONTHS.items(), start=1):
        province = a_province(seed, months=months, answers=4000, **changes)
        freeze_simulated(province, folder / f"{name}.parquet", wave=name)
        cells += zip(*(province.frame[column].to_pylist() for column in province.frame.column_names), strict=True)
    with (folder / "dossiers.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("unit", "field", "month", "dossiers"), *cells])
