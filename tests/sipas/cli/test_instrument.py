"""Questionnaires and the codes of their items, for people and for programs."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import surveys
from sipas.cli import group
from sipas.errors import SipasError
from sipas.i18n import say, speaking
from surveys import catalogue, load
from surveys.load import INSTRUMENTS


def said(*arguments, language="en"):
    with speaking(language):
        result = CliRunner().invoke(group, ["instrument", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_every_questionnaire_is_listed_with_the_items_of_each_form():
    listed = json.loads(said("list", "--json").stdout)
    assert {(one["instrument"], one["version"]) for one in listed} == {
        (code, version) for code, versions in catalogue().items() for version in versions
    }
    for one in listed:
        asked = load(one["instrument"], one["version"])
        assert one["forms"] == {form: list(codes) for form, codes in asked.forms.items()}
        assert one["digest"] == asked.digest
    assert "service-2024" in said("list", language="vi").stdout


@pytest.mark.parametrize("code", list(catalogue()))
def test_a_questionnaire_is_shown_whole(code):
    asked, shown = load(code), json.loads(said("show", code, "--json").stdout)
    assert [one["code"] for one in shown["items"]] == [item.code for item in asked.items]
    assert {one["code"]: one["items"] for one in shown["factors"]} == {
        factor.code: [item.code for item in factor.items] for factor in asked.factors.values()
    }
    assert {one["code"]: one["factor"] for one in shown["items"]} == {
        item.code: asked.factor_of(item.code) for item in asked.items
    }
    assert {scale["code"] for scale in shown["scales"]} == {item.scale.code for item in asked.items if item.scale}
    table = said("show", code).stdout
    for item in asked.items:
        assert any(line.split()[0] == item.code for line in table.splitlines() if line.strip()), item.code


def test_its_texts_come_in_the_language_that_is_asked_for():
    assert "Rất không hài lòng" in said("show", "service-2024", "--language", "vi").stdout
    assert "Very dissatisfied" in said("show", "service-2024", "--language", "en", language="vi").stdout
    assert json.loads(said("show", "demo", "--json", "--language", "en").stdout)["title"] == "Trial questionnaire"


def test_the_permitted_answers_of_each_kind_of_question_are_said():
    lines = {line.split()[0]: line for line in said("show", "demo").stdout.splitlines() if line.strip()}
    assert lines["R1"].endswith("1–5, na")
    assert lines["trips"].endswith("0–9")
    assert "counter, online, post" in lines["how"]
    assert "with a blank between" in lines["better"]
    assert "At the counter (counter)" in said("show", "demo").stdout


def test_what_there_is_not_is_said():
    for arguments in (["show", "nothing"], ["show", "demo", "--version", "9"]):
        with speaking("vi"):
            refused = CliRunner().invoke(group, ["instrument", *arguments]).exception
            assert isinstance(refused, SipasError) or hasattr(refused, "template")
            assert "demo" in say(refused)


def test_conditions_provenance_and_populations_are_shown():
    shown = json.loads(said("show", "demo", "--json").stdout)
    items = {one["code"]: one for one in shown["items"]}
    assert (items["heard"]["asked_if"], items["O"]["asked_if"]) == ({"gave": ["yes"]}, {})
    assert (items["heard"]["provenance"], items["O"]["provenance"]) == ("ours", None)
    assert {one["self_completed"] for one in shown["items"]} == {False}
    assert shown["populations"] == ["visitors"]
    told = said("show", "demo")
    assert "heard: Asked only of those who answered “Yes” to “Did you give the office any feedback" in told.stdout
    assert "ours: gave, heard" in told.stdout  # in English the codes are words
    assert "A wave may ask: " in told.stderr


def test_what_is_never_read_out_and_a_scale_of_something_else_are_said(tmp_path, monkeypatch):
    text = (INSTRUMENTS / "demo.v1.yaml").read_text(encoding="utf-8")
    text = text.replace("scales:\n", "scales:\n  interest: {levels: [Không, Có], satisfied: []}\n", 1)
    item = "  - {code: Q5, text: Đường sá, scale: interest, self_completed: true}\n"
    text = text.replace("opening:\n", f"opening:\n{item}", 1)
    (tmp_path / "demo.v1.yaml").write_text(text, encoding="utf-8")
    made = surveys.read(tmp_path / "demo.v1.yaml")
    monkeypatch.setattr(surveys, "load", lambda code, version=None: made)
    told = said("show", "demo").stdout
    assert "Never read out by an interviewer, who hands the screen over: Q5" in told
    assert "counted as satisfied: none; it asks something else than satisfaction" in told
