"""Words and names match as they look: blanks of any kind, NFD, Đ and Ð, old and new places of tones."""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest

from sipas.errors import ManyErrors
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.population_counts import load_frame
from sipas.importing import import_responses
from sipas.registry.names import Names
from sipas.tables import BadTable
from surveys import load
from tests.make import a_csv, a_wave

TODAY = dt.date(2026, 9, 30)
SPELT = {
    "no-break blanks": lambda text: text.replace(" ", "\u00a0"),
    "blanks without width": lambda text: text.replace(" ", " \u200b"),
    "double blanks": lambda text: text.replace(" ", "  "),
    "letters in parts": lambda text: unicodedata.normalize("NFD", text),
    "another Đ": lambda text: text.replace("Đ", "Ð"),
    "another case": str.upper,
}


@pytest.mark.parametrize("spell", SPELT.values(), ids=SPELT)
def test_answers_are_imported_whatever_way_their_words_and_names_are_spelt(database, settings, tmp_path, spell):
    a_wave(database, settings)
    level = load("service-2024").item("O").scale.levels[4]
    line = ",".join(spell(word) for word in ("to-hieu-1", "Đất đai", "Phường Tô Hiệu"))
    text = f"point,field,unit,date,sex,O\n{line},2026-09-16,{spell('Nữ')},{spell(level)}\n"
    assert import_responses(database, settings.home, a_csv(tmp_path, text), "w1", None, TODAY) == (1, 0)


@pytest.mark.parametrize("spell", SPELT.values(), ids=SPELT)
def test_dossiers_are_counted_for_the_unit_and_field_that_are_named(database, tmp_path, spell):
    text = f"unit,field,month,dossiers\n{spell('Phường Tô Hiệu')},{spell('Đất đai')},2026-01,7\n"
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, text), TODAY)
        (count,) = session.query(PopulationCount)
        assert (count.unit, count.field, count.dossiers) == ("03646", "dat-dai", 7)


def test_a_unit_by_its_name_and_by_its_code_is_the_same_unit_twice(database, tmp_path):
    text = "unit,field,month,dossiers\n03646,ho-tich,2026-01,7\nPhường Tô Hiệu,Hộ tịch,2026-01,7\n"
    twice = "line 3: The same unit, field and month stand in line 2"
    with pytest.raises(BadTable, match=twice), database.writing() as session:
        load_frame(session, a_csv(tmp_path, text), TODAY)


def test_codes_without_their_zeros_are_one_complaint(database, tmp_path):
    lines = "".join(f"3646,ho-tich,2026-0{month},7\n" for month in range(1, 9))
    with pytest.raises(ManyErrors) as refused, database.writing() as session:
        load_frame(session, a_csv(tmp_path, "unit,field,month,dossiers\n" + lines), TODAY)
    assert str(refused.value).count("looks like 03646 without its zero") == 1
    assert "The same in 7 more rows, lines 3, 4, 5, 6, 7, 8, 9." in str(refused.value)


class Unit:
    def __init__(self, code, name):
        self.code, self.name, self.name_en = code, name, name


def test_a_name_that_two_units_bear_means_neither_and_a_code_means_its_own():
    names = Names([Unit("1", "Xã Mường Hoà"), Unit("2", "Xã Tô Hiệu"), Unit("3", "Xã Tô Hiệu"), Unit("Xã", "x")])
    assert names.code("xã  Mường Hòa") == "1"
    assert names.code("Xã Tô Hiệu") == "Xã Tô Hiệu"
    assert names.code("Xã") == "Xã"
