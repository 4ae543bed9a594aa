"""Another province by the manual alone, every step a command: from its own files over the bad days to a release.

Its registry is corrected and a competence changes while people are asked; a commune is merged; the database breaks, a
key is lost, an older backup comes back. Each trouble is told with its next step, and the next step is what is typed.
Full disks, a dead upkeep, ended certificates and doubted clocks stand in `tests/boundaries/test_full_commands.py`,
`tests/sipas/monitoring/` and `tests/boundaries/test_destruction.py`.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from sipas import clock, create_app
from sipas.cli import group
from sipas.cli.common import settings
from sipas.web.installation import of_app
from surveys import load
from tests import postgres
from tests.people import text_of

OLD, NEW, BESIDE = "02654", "02700", "02647"  # a commune until September, the one that it went to, another
DEPARTMENTS = ("so-noi-vu", "so-xay-dung", "so-y-te")
COMMUNES = (OLD, BESIDE, "02656", "02657", "02658", "02659", "02660")
UNITS = [
    ("10", "Tỉnh Lào Cai", "Lào Cai province", "province", "", "", ""),
    ("tthcc", "Trung tâm Phục vụ hành chính công tỉnh", "", "centre", "10", "", ""),
    *((code, f"Sở {code[3:]}", "", "department", "10", "", "") for code in DEPARTMENTS),
    *((code, f"Xã Thử {code}", "", "commune", "10", "", "") for code in COMMUNES),
]
SERVICES = [("ho-tich", "Hộ tịch", "Civil status"), ("dat-dai", "Đất đai", "Land"), ("y-te", "Y tế", "Health")]
RULES = [
    ("commune", "ho-tich", "@receiver", "", ""),
    ("commune", "dat-dai", "@receiver", "", ""),
    ("commune", "y-te", "so-y-te", "", ""),
    ("centre", "*", "so-noi-vu", "", ""),
]
ITEMS = [item.code for item in load("service-2024").items if item.kind == "rating" and "short" in item.forms]
POSTGRES = [
    pytest.mark.postgres,
    pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs (initdb) are not installed"),
]


class Officer:
    """Types commands, on a day, with files of her own."""

    def __init__(self, folder, monkeypatch) -> None:
        self.folder, self.home, self._patch = folder, folder / "home", monkeypatch
        self.forms = 0
        monkeypatch.setenv("SIPAS_HOME", str(self.home))

    def on(self, day: str) -> None:
        noon = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(5), dt.timezone.utc)
        self._patch.setattr(clock, "now", lambda: noon)

    def types(self, line: str, *more: str) -> str:
        done = CliRunner().invoke(group, [*line.split(), *more])
        assert done.exit_code == 0, (line, done.output, str(done.exception))
        return done.output

    def is_refused(self, line: str, *more: str) -> str:
        done = CliRunner().invoke(group, [*line.split(), *more])
        assert done.exit_code == 1, (line, done.output)
        assert "unforeseen" not in str(done.exception)
        return str(done.exception)

    def doctor(self) -> str:
        return CliRunner().invoke(group, ["doctor"]).output

    def file(self, name: str, head: str, rows) -> str:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([head.split(","), *rows])
        return str(path)

    def registry(self, units, rules, crosswalk=()) -> str:
        self.file("lao-cai/units.csv", "code,name,name_en,kind,parent,valid_from,valid_to", units)
        self.file("lao-cai/services.csv", "code,name,name_en", SERVICES)
        self.file("lao-cai/competence.csv", "receiver,service,responsible,valid_from,valid_to", rules)
        self.file("lao-cai/crosswalk.csv", "old,new,share,source", crosswalk)
        return str(self.folder / "lao-cai")

    def dossiers(self, rows) -> None:
        self.types(f"frame load {self.file('dossiers.csv', 'unit,field,month,dossiers', rows)}")

    def forms_of(self, day: str, point: str, field: str, people: int) -> None:
        """Paper forms of a day, brought in on it."""
        self.on(day)
        rows = [
            (number, point, field, day, *([4 if number % 4 else 2] * len(ITEMS)))
            for number in range(self.forms, self.forms + people)
        ]
        self.forms += people
        path = self.file("forms.csv", ",".join(["id", "point", "field", "date", *ITEMS]), rows)
        self.types(f"responses import {path} --wave w1 --form short")

    def backup(self, carried_to: str = "") -> str:
        """Makes a backup, and carries it elsewhere."""
        made = Path(re.search(r"\S*backups/\S+", self.types("backup --replace")).group().rstrip("."))
        if not carried_to:
            return str(made)
        (self.folder / carried_to).mkdir()
        for file in made.parent.glob(f"{made.stem}*"):
            shutil.copy(file, self.folder / carried_to)
        return str(self.folder / carried_to / made.name)

    def page(self, address: str) -> str:
        app = create_app(settings())
        try:
            return text_of(app.test_client().get(address).text)
        finally:
            of_app(app).database.engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRES)])
def officer(request, tmp_path, monkeypatch):
    made = Officer(tmp_path, monkeypatch)
    made.on("2026-07-01")
    if request.param == "sqlite":
        yield made
    else:
        with postgres.cluster() as url:
            made.types("config set database_url", url)
            yield made


def breaks(home) -> None:
    """Bytes of the database are lost; on PostgreSQL a table."""
    if url := settings().database_url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("drop table response cascade"))
        engine.dispose()
    else:
        for name in ("sipas.sqlite-wal", "sipas.sqlite-shm"):
            (home / name).unlink(missing_ok=True)
        with (home / "sipas.sqlite").open("r+b") as file:
            file.write(b"\x00" * 5000)


def test_another_province_from_its_own_files_over_bad_days_to_its_release(officer):
    # its registry, its settings: nothing of another province, whatever is typed twice
    folder = officer.registry(UNITS, RULES)
    assert "Lào Cai" in officer.types(f"init --registry {folder}")
    assert "nothing of it was changed" in officer.types("init")
    assert len(json.loads(officer.types("registry list units --json"))) == 12
    officer.types("config set address https://laocai.example.vn")
    for code in (OLD, BESIDE):
        officer.types(f"point add p-{code} --unit {code} --channel paper")
    officer.dossiers([(code, field, "2026-06", 300) for code in COMMUNES for field in ("ho-tich", "dat-dai")])
    officer.types("wave open w1 --instrument service-2024 --until 2026-12-31")
    officer.types("point add kiosk-1 --unit 02656")
    assert "Tỉnh Lào Cai" in officer.page("/k/kiosk-1")
    for week in ("2026-07-06", "2026-07-13", "2026-07-20"):
        for code in (OLD, BESIDE):
            officer.forms_of(week, f"p-{code}", "ho-tich", 10)
            officer.forms_of(week, f"p-{code}", "dat-dai", 10)
    first = officer.backup("stick")

    # from October a commune is another one, and land is the department's: said beforehand, loaded once
    officer.on("2026-09-16")
    merged = [(*one[:6], "2026-09-30") if one[0] == OLD else one for one in UNITS]
    merged.append((NEW, "Xã Thử Mới", "", "commune", "10", "2026-10-01", ""))
    rules = [*RULES, ("commune", "dat-dai", "so-xay-dung", "2026-10-01", "")]
    officer.registry(merged, [*RULES[:1], ("commune", "dat-dai", "so-xay-dung", "", ""), *RULES[2:]])
    assert "w1" in officer.is_refused(f"registry load {folder}")  # the past of an open wave stays
    officer.registry(merged, rules, [(OLD, NEW, "1", "Nghị quyết (thử)")])
    assert f"point close p-{OLD}" in officer.is_refused(f"registry load {folder}")
    officer.types(f"point close p-{OLD} --on 2026-09-30")
    assert "2026-10-01" in officer.types(f"registry load {folder} --dry-run")
    assert len(json.loads(officer.types("registry list units --json"))) == 12
    officer.types(f"registry load {folder}")
    officer.on("2026-10-01")
    officer.types(f"point add p-{NEW} --unit {NEW} --channel paper")

    # the database breaks: every command says what to type, and that is enough
    newest = officer.backup()
    breaks(officer.home)
    told = officer.is_refused("wave list")
    assert "sipas restore" in told
    assert newest.rpartition("/")[2] in told
    officer.types(f"restore --force {newest}")
    for week in ("2026-10-05", "2026-10-12", "2026-10-19"):
        for code in (NEW, BESIDE):
            officer.forms_of(week, f"p-{code}", "ho-tich", 10)
            officer.forms_of(week, f"p-{code}", "dat-dai", 10)

    # the disk loses the key of the weeks; two people say so, and every figure does
    officer.on("2026-11-02")
    officer.types("maintain --date-is-right")
    officer.types("wave close w1")
    (officer.home / "keys" / "w1.cluster.key").unlink()
    assert "--keys-lost" in officer.is_refused("freeze w1")
    officer.types(
        "freeze w1 --keys-lost",
        "--by",
        "Vàng Thị Mai",
        "--by",
        "Giàng A Páo",
        "--emergency",
        "Thử",
        "--reason",
        "Đĩa hỏng",
    )

    # an older backup comes back, from before the merger: what does not agree is named, with the way out
    frozen = officer.backup("other-stick")
    officer.types(f"restore --force {first}")
    told = officer.doctor()
    assert "Wave w1 is open in this database, but it was frozen: snapshots/w1.parquet lies here" in told
    assert "không có khảo sát nào" in officer.page("/k/kiosk-1")
    officer.types(f"restore --force {frozen}")
    assert "[ x]" not in officer.doctor()

    # dossiers of each month belong to whoever was responsible then; two people, and it is public
    officer.dossiers(
        [(code, "ho-tich", f"2026-{month:02}", 300) for code in COMMUNES[1:] for month in range(7, 12)]
        + [(OLD, "ho-tich", f"2026-{month:02}", 300) for month in range(7, 10)]
        + [(code, "dat-dai", f"2026-{month:02}", 300) for code in COMMUNES for month in range(7, 10)]
        + [(NEW, "ho-tich", f"2026-{month:02}", 300) for month in (10, 11)]
        + [("so-xay-dung", "dat-dai", f"2026-{month:02}", 2100) for month in (10, 11)]
    )
    code = "w1-r1"
    officer.types("release build w1", "--by", "Vàng Thị Mai", "--emergency", "Thử")
    unpublished = officer.backup("third-stick")
    officer.types(f"release approve {code}", "--by", "Giàng A Páo", "--emergency", "Thử")
    officer.types(f"release publish {code}")
    manifest = json.loads((officer.home / "releases" / code / "release.json").read_text(encoding="utf-8"))
    assert manifest["province"] == "Lào Cai"
    assert manifest["lost_keys"] == {"cluster": "lost"}
    assert manifest["frame"]["dossiers"] == 21_000
    page = officer.page(f"/results/{code}/")
    assert "Lào Cai" in page
    assert "Sơn La" not in page
    officer.types(f"restore --force {unpublished}")
    (told,) = [line for line in officer.doctor().splitlines() if line.startswith("[ x]")]
    assert f"sipas release adopt {code}" in told
    officer.types(f"release adopt {code}")
    assert "[ x]" not in officer.doctor()
    assert "Lào Cai" in officer.page(f"/results/{code}/")


def test_a_home_that_moves_takes_its_province_along(officer, tmp_path):
    folder = officer.registry(UNITS, RULES)
    officer.types(f"init --registry {folder}")
    officer.types("config set address https://laocai.example.vn")
    if settings().database_url:
        pytest.skip("a database elsewhere does not move with the folder")
    shutil.move(officer.home, tmp_path / "elsewhere")
    officer._patch.setenv("SIPAS_HOME", str(tmp_path / "elsewhere"))
    assert "https://laocai.example.vn" in officer.types("config list")
    officer.types("point add kiosk-1 --unit 02656")
    officer.types("wave open w1 --instrument service-2024 --coarsest")
    assert "Tỉnh Lào Cai" in officer.page("/k/kiosk-1")
