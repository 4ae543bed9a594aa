"""An analyst's folder: a small file of answers with its design, a half-year of a simulated province, and dossiers."""

import json
import os
import subprocess
import sys

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from sipas.cli import group
from sipas.i18n import speaking
from tests.sipas.estimating.calls import write_waves

DESIGN = "weights: w\nstrata: stratum\npsu: psu\nitems: {A: [q01, q02], B: [q03]}\nsatisfied: 4\nnot_applicable: 9\n"


class Office:
    """An analyst's folder with a file of 24 answers from two communes, and the command run on it."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = os.environ | {"SIPAS_LANGUAGE": "en", "PYTHONUTF8": "1"}
        answers = "5453244 455945 233544443254455349444"
        answers += "55523454 3 5449545422454335549444152"
        self.rows = []
        for place in range(24):
            unit = "03646" if place < 12 else "03664"
            q01, q02, q03 = (answer.strip() for answer in answers[3 * place : 3 * place + 3])
            self.rows.append(
                {
                    "stratum": unit,
                    "psu": str(place // 3 % 4 + 1),
                    "unit": unit,
                    "field": "đất đai" if place % 2 else "hộ tịch",
                    "w": f"{2 + place % 5 / 4}",
                    "q01": q01,
                    "q02": q02,
                    "q03": q03,
                }
            )

    def answered(self, item):
        return sum(row[item] not in ("", "9") for row in self.rows)

    def share(self, item):
        asked = [row for row in self.rows if row[item] not in ("", "9")]
        satisfied = sum(float(row["w"]) for row in asked if row[item] in "45")
        return satisfied / sum(float(row["w"]) for row in asked)

    def write(self, design=DESIGN, kind="csv", edit=None):
        rows = [edit(dict(row)) if edit else row for row in self.rows]
        (self.folder / "design.yaml").write_text(design, "utf-8")
        self.data = self.folder / {"xlsx": "answers.xlsx", "parquet": "answers.parquet"}.get(kind, "answers.csv")
        if kind == "csv":
            lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
            self.data.write_text("\n".join(lines) + "\n", "utf-8")
        elif kind == "semicolons":
            lines = [";".join(rows[0])]
            lines += [";".join(value.replace(".", ",") for value in row.values()) for row in rows]
            self.data.write_bytes(("\ufeff" + "\r\n".join(lines)).encode())
        elif kind == "xlsx":
            book = openpyxl.Workbook()
            book.active.append(list(rows[0]))
            for row in rows:
                cells = row | {key: float(row[key]) if row[key] else None for key in ("w", "q01", "q02", "q03")}
                book.active.append(list(cells.values()))
            book.save(self.data)
        else:
            columns = {key: [row[key] for row in rows] for key in rows[0]}
            columns["w"] = [float(value) for value in columns["w"]]
            for item in ("q01", "q02", "q03"):
                columns[item] = pa.array([int(value) if value else None for value in columns[item]], pa.int8())
            pq.write_table(pa.table(columns), self.data)

    def arguments(self):
        return ["estimate", str(self.data), "--design", str(self.folder / "design.yaml")]

    def run(self, *arguments, **file):
        self.write(**file)
        return CliRunner().invoke(group, [*self.arguments(), *arguments])

    def invoke(self, *arguments):
        return CliRunner().invoke(group, ["estimate", *arguments])

    def estimates(self, *arguments, **file):
        result = self.run(*arguments, "--json", **file)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return json.loads(result.stdout)

    def process(self, *arguments):
        command = [sys.executable, "-m", "sipas.cli", *self.arguments(), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment)


@pytest.fixture
def office(tmp_path):
    """Twenty-four answers from two communes."""
    with speaking("en"):
        yield Office(tmp_path)


@pytest.fixture(scope="session")
def province(tmp_path_factory):
    """Two waves of a simulated province as snapshots, `first.parquet` and `second.parquet`, and `dossiers.csv`."""
    folder = tmp_path_factory.mktemp("province")
    write_waves(folder)
    return folder
