"""The doors of an installation: `frame load`, `registry load`, `responses import`, `wording import`. Nothing stays."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.population_counts import load_frame
from sipas.fieldwork.waves import wave_of
from sipas.importing.columns import heads_of
from sipas.importing.lines import Lines
from sipas.keyring import wave_keys
from sipas.registry.difference import books
from sipas.registry.importing import OURS, load_registry
from sipas.tables import read_in_pieces
from sipas.tables.looks import as_seen
from surveys import load, texts
from tests.sipas.tables.damages import CODE, COUNT, DAY, LABEL, LEVEL, MONTH, NAMES
from tests.sipas.tables.doors.door import Door, Here, Made
from tests.sipas.tables.doors.known import MONTHS
from tests.wordings import exported, filled_in, made, rows_of

TODAY = dt.date(2026, 9, 30)
WARDS = {"03646": "Phường Tô Hiệu", "03664": "Phường Chiềng An", "03670": "Phường Chiềng Cơi"}
FIELDS = {"ho-tich": "Hộ tịch", "dat-dai": "Đất đai", "chung-thuc": "Chứng thực"}


def dossiers_by_name(draw: random.Random) -> Made:
    """By codes or by names, for an office has either."""
    by_name = draw.random() < 0.5
    rows = [
        [WARDS[code] if by_name else code, FIELDS[field] if by_name else field, month, str(draw.randint(0, 4000))]
        for code in WARDS
        for field in FIELDS
        for month in MONTHS
    ]
    kinds = [LABEL, LABEL] if by_name else [CODE, "other"]
    return ["unit", "field", "month", "dossiers"], [*kinds, MONTH, COUNT], rows


def loaded_frame(path: Path, here: Here) -> Any:
    with here.database.reading() as session:
        load_frame(session, path, TODAY)
        session.flush()
        found = [(one.unit, one.field, one.month, one.dossiers) for one in session.scalars(select(PopulationCount))]
        session.rollback()
    return sorted(found), ()


def communes(draw: random.Random) -> Made:
    """New communes, to be loaded beside those of Sơn La."""
    rows = [
        [
            f"0{9000 + 7 * number}",
            f"{NAMES[number % 4]} {number}",
            "commune",
            "14",
            f"{draw.choice((2024, 2025))}-0{1 + number % 9}-01",
        ]
        for number in range(20)
    ]
    return ["code", "name", "kind", "parent", "valid_from"], [CODE, LABEL, "other", "other", DAY], rows


def loaded_registry(path: Path, here: Here) -> Any:
    """The whole registry after the load; names as they look, for an office may write Hoà or Hòa."""
    folder = path.parent / "registry"
    shutil.copytree(OURS, folder, dirs_exist_ok=True)
    shutil.copyfile(path, folder / "units.csv")
    with here.database.reading() as session:
        told = load_registry(session, folder)
        found = books(session)["units"]
        session.rollback()
    rows = sorted((*key, *map(as_seen, cells.values())) for key, cells in found.items())
    return rows, [remark for one in told for remark in one.remarks]


def forms(draw: random.Random) -> Made:
    """Paper forms as an office types them: levels, words of the scale, days, words for sex."""
    instrument = load("service-2024")
    words = instrument.item("O").scale.levels
    rows = [
        [
            "to-hieu-1",
            draw.choice(list(FIELDS.values())),
            f"2026-09-{draw.randint(1, 29):02}",
            draw.choice(["Nam", "Nữ", ""]),
            str(draw.randint(1, 5)),
            draw.choice(words),
        ]
        for _ in range(40)
    ]
    return ["point", "field", "date", "sex", "B1.1", "O"], ["other", LABEL, DAY, LABEL, LEVEL, LABEL], rows


def imported(path: Path, here: Here) -> Any:
    """The rows that would be stored, without their keys, which hang on the file's bytes."""
    with here.database.reading() as session:
        wave = wave_of(session, "w1")
        instrument = load(wave.instrument, wave.version)
        secrets = {kind: wave_keys.load(here.settings.home, wave.code, kind) for kind in ("cluster", "id")}
        table = read_in_pieces(path).under(heads_of(instrument))
        lines = Lines(session, table, instrument, "full", wave, TODAY, secrets)
        rows = [row for piece in lines.rows("digest") for row in piece.tolist()]
        names = None
        for piece in Lines(session, table, instrument, "full", wave, TODAY, secrets).rows("digest"):
            names = piece.dtype.names
    keys = [place for place, name in enumerate(names or ()) if name == "key"]
    return sorted(str([value for place, value in enumerate(row) if place not in keys]) for row in rows), ()


def official_sentences(draw: random.Random) -> Made:
    """The table of a questionnaire, with official sentences in some rows that wait for one."""
    with tempfile.TemporaryDirectory() as folder:
        rows = rows_of(filled_in(exported(Path(folder), "service-2024", 2)))
    for row in rows:
        if row["place"] and draw.random() < 0.5:
            row |= {"sentence": "keep", "place": ""}
        elif row["place"]:
            row |= {"sentence": f"{draw.choice(NAMES)} đã phục vụ ra sao về mục {row['address']}?"}
    filled = {"sentence": LABEL, "place": LABEL}
    return list(rows[0]), [filled.get(name, "other") for name in rows[0]], [list(row.values()) for row in rows]


def worded(path: Path, _: Here) -> Any:
    """The words of the version that is made, as they look, in a home of its own."""
    home = path.parent / "home"
    shutil.rmtree(home, ignore_errors=True)
    done = made(home, path)
    words = sorted((address, as_seen(text)) for address, text in texts(done.instrument))
    return [*words, *sorted((item, as_seen(place)) for item, place in done.instrument.made.places)], ()


PLATFORM = {
    "frame load": Door(dossiers_by_name, loaded_frame),
    "registry load": Door(communes, loaded_registry),
    "responses import": Door(forms, imported),
    "wording import": Door(official_sentences, worded),
}
