"""From a frozen wave to the public shelf: two people, unchanged files, and secrets that a later release keeps."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from analysis import frame_weights
from sipas import create_app
from sipas.accounts.decisions import typed
from sipas.errors import NotReady, SamePerson, UnknownCode, WaveState
from sipas.fieldwork.models import PopulationCount, Wave
from sipas.fieldwork.points import add_point
from sipas.fieldwork.population_counts import load_frame
from sipas.fieldwork.waves import close_wave
from sipas.intake import stored
from sipas.publishing import build as building
from sipas.publishing.build import build
from sipas.publishing.bundle import ChangedFiles, check_files
from sipas.publishing.disorder import Disordered
from sipas.publishing.freeze import freeze
from sipas.publishing.missing_population import QuartersAcross, Uncounted
from sipas.publishing.models import Release
from sipas.publishing.published import published_release, published_releases
from sipas.publishing.release_view import ReleaseView
from sipas.publishing.review import approve, publish, releases
from sipas.registry.models import Unit
from tests.make import a_csv, a_point, a_response, a_wave
from tests.repeated import home_once

TODAY = dt.date(2026, 9, 30)
DAYS = [dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc) for day in (2, 9, 16, 23)]


def answered(database, settings, **counts):
    """A wave at points of several wards with so many answers each, closed."""
    for code, (unit, _) in counts.items():
        a_point(database, code.replace("_", "-"), unit, form="short")
    a_wave(database, settings)
    for code, (_, count) in counts.items():
        for number in range(count):
            level = "5" if number % 3 else "2"
            a_response(database, settings, code.replace("_", "-"), moment=DAYS[number % 4],
                       answers=dict.fromkeys(("O", "B1.2", "B2.2", "B3.2", "B4.1"), level))  # fmt: skip
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    return freeze(database, settings.home, "w1", TODAY)


@pytest.fixture
def frozen(database, settings):
    def freezing():
        return answered(database, settings, p_1=("03646", 50), p_2=("03664", 46), p_3=("03670", 4), p_4=("03679", 6))

    snapshot = home_once(database, settings, freezing)
    return replace(snapshot, path=settings.home / "snapshots" / "w1.parquet")


def release(database, settings, builder="Lò Thị Hoa", reviewer="Cầm Văn An"):
    code = build(database, settings, "w1", typed(builder), TODAY)
    approve(database, settings.home, code, typed(reviewer), TODAY)
    publish(database, settings.home, code, TODAY)
    return code


def test_a_frozen_wave_can_be_frozen_by_nobody_again_and_its_keys_are_gone(database, settings, frozen):
    with pytest.raises(WaveState, match="frozen already"):
        freeze(database, settings.home, "w1", TODAY)
    assert not list((settings.home / "keys").glob("w1*.cluster*"))
    with database.reading() as session:
        assert stored(session, 1) == frozen.rows == 106


def test_a_wave_without_answers_has_nothing_to_freeze(database, settings):
    a_wave(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    with pytest.raises(WaveState, match="no answers"):
        freeze(database, settings.home, "w1", TODAY)


def test_weeks_in_which_nobody_answered_are_clusters_of_the_design(database, settings, frozen):
    assert len(frozen.codebook.psus) == 4 * 5  # four points, five weeks of September
    assert len(set(frozen.table()["psu"].to_pylist())) == 16


def test_an_open_wave_is_not_published_from(database, settings):
    a_wave(database, settings)
    with pytest.raises(WaveState, match="freeze it first"):
        build(database, settings, "w1", typed("Hoa"), TODAY)


def test_a_wave_whose_state_was_set_back_is_not_published_from_its_snapshot(database, settings, frozen):
    with database.writing() as session:
        session.execute(update(Wave).values(state="closed"))
    with pytest.raises(WaveState, match="freeze it first"):
        build(database, settings, "w1", typed("Hoa"), TODAY)


def test_nothing_is_built_beside_a_shelf_that_holds_what_is_no_release(database, settings, frozen):
    (settings.home / "releases" / "mine").mkdir(parents=True)
    with pytest.raises(Disordered, match="releases/mine is no release as it was published here"):
        build(database, settings, "w1", typed("Hoa"), TODAY)


def test_a_draft_whose_row_was_stored_keeps_its_folder_and_one_without_a_row_loses_it(database, settings):
    a_wave(database, settings)
    with database.writing() as session:
        session.add(Release(code="w1-r1", wave_id=1, state="draft", built_by="Hoa", built_on=TODAY, digest="5" * 64))
    for code in ("w1-r1", "w1-r2"):
        settings.paths.draft(code).mkdir(parents=True)
        building._take_back(database, settings.paths.draft(code))
    assert [path.name for path in settings.paths.drafts.iterdir()] == ["w1-r1"]


def test_whoever_built_does_not_approve_however_the_name_is_typed(database, settings, frozen):
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    for name in ("Lò Thị Hoa", "  lò  thị hoa ", "Lo\u0300 Thi\u0323 Hoa"):
        with pytest.raises(SamePerson):
            approve(database, settings.home, code, typed(name), TODAY)
    with pytest.raises(NotReady):
        approve(database, settings.home, code, typed("  "), TODAY)


def test_a_draft_that_somebody_touched_is_neither_approved_nor_published(database, settings, frozen):
    code = build(database, settings, "w1", typed("Hoa"), TODAY)
    with (settings.home / "drafts" / code / "estimates.csv").open("a") as file:
        file.write("99\n")
    with pytest.raises(ChangedFiles, match="changed"):
        approve(database, settings.home, code, typed("An"), TODAY)
    code = build(database, settings, "w1", typed("Hoa"), TODAY)
    approve(database, settings.home, code, typed("An"), TODAY)
    (settings.home / "drafts" / code / "index.html").write_text("better")
    with pytest.raises(ChangedFiles):
        publish(database, settings.home, code, TODAY)
    assert published_releases(settings.home) == []


def test_a_published_release_is_whole_and_its_sums_are_right(database, settings, frozen):
    code = release(database, settings)
    folder = settings.home / "releases" / code
    names = {path.name for path in folder.iterdir()}
    assert names == {"release.json", "estimates.json", "estimates.csv", "index.html", "index.en.html", "SHA256SUMS"}
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    with database.reading() as session:
        (one,) = releases(session)
    check_files(folder, one["digest"])
    with pytest.raises(WaveState, match="published"):
        publish(database, settings.home, code, TODAY)
    with pytest.raises(UnknownCode):
        published_release(settings.home, "../drafts")


def test_the_same_snapshot_and_frame_give_the_same_bytes(database, settings, frozen):
    first, second = (build(database, settings, "w1", typed("Hoa"), TODAY) for _ in range(2))
    drafts = settings.home / "drafts"
    assert (drafts / first / "estimates.json").read_bytes() == (drafts / second / "estimates.json").read_bytes()


def test_without_a_frame_every_figure_says_unweighted(database, settings, frozen):
    code = release(database, settings)
    one = published_release(settings.home, code)
    assert one.manifest["weighted"] is False
    assert all("unweighted" in row["flags"] for row in one.table.records() if row["estimate"] is not None)


def test_a_later_release_does_not_tell_what_an_earlier_one_withheld(database, settings, frozen, monkeypatch):
    first = published_release(settings.home, release(database, settings)).table
    small = [row for row in first.records() if row["withheld"]]
    assert {row["domain"].get("unit") for row in small} >= {"03670", "03679"}
    monkeypatch.setattr(building, "Policy", lambda: building_policy(minimum=3, unanimous=3))
    second = published_release(settings.home, release(database, settings)).table
    for row in small:
        assert second.row(row["of"], **row["domain"])["withheld"], row


def building_policy(**values):
    from analysis.disclosure.policy import Policy

    return Policy(**values)


def test_answers_without_dossiers_are_told_with_the_row_that_is_to_blame(database, settings, tmp_path):
    a_point(database, "p-1", "03646")
    a_wave(database, settings)
    for _ in range(12):
        a_response(database, settings, "p-1", service="van-hoa")
    with database.writing() as session:
        close_wave(session, "w1", dt.date(2026, 9, 30))
        session.add(PopulationCount(unit="03646", field="van-hoa", month="2026-09", dossiers=60, source=""))
    freeze(database, settings.home, "w1", dt.date(2026, 10, 1))
    with pytest.raises(Uncounted) as refused:
        build(database, settings, "w1", typed("Hoa"), dt.date(2026, 10, 2))
    told = str(refused.value)
    assert "so-van-hoa-the-thao-du-lich: answers about van-hoa, 2026-09, and no dossiers" in told
    assert "perhaps its dossiers stand at 03646 in field van-hoa, 2026-09" in told
    with database.reading() as session:
        assert session.scalar(select(Release.id)) is None


def test_a_unit_that_nobody_answered_for_is_named_with_its_reason(database, settings, frozen, tmp_path):
    frame = "unit,field,month,dossiers\n" + "".join(
        f"{unit},ho-tich,2026-09,{count}\n"
        for unit, count in (("03646", 90), ("03664", 50), ("03670", 9), ("03679", 8), ("03688", 70))
    )
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, frame), dt.date(2026, 12, 31))
        add_point(session, "p-9", "03688")
    one = published_release(settings.home, release(database, settings))
    assert "03688" in {unit["code"] for unit in one.manifest["units"]}
    assert one.manifest["method"]["weights"]["population_uncovered"] == 70
    edition = ReleaseView(one.manifest, one.table, "en")
    assert (edition.dossiers, edition.unrepresented) == (227, 70)


@pytest.mark.parametrize(
    ("name", "name_en", "said"),
    [
        ("Tỉnh Sơn La", "Sơn La province", {"province": "Sơn La"}),
        ("Tỉnh Lào Cai", "Lao Cai province", {"province": "Lào Cai", "province_en": "Lao Cai"}),
        ("Thành phố Huế", "Huế city", {"province": "Thành phố Huế", "province_en": "Huế city"}),
    ],
)
def test_a_release_says_whose_it_is_by_the_registry_and_keeps_it(
    database, settings, frozen, monkeypatch, name, name_en, said
):
    monkeypatch.setenv("SIPAS_PROVINCE", "Điện Biên")
    ours = update(Unit).where(Unit.kind == "province")
    with database.writing() as session:
        session.execute(ours.values(name=name, name_en=name_en))
    code = release(database, settings)
    with database.writing() as session:
        session.execute(ours.values(name="Tỉnh Điện Biên", name_en="Điện Biên province"))
    kept = published_release(settings.home, code).manifest
    assert {key: value for key, value in kept.items() if key.startswith("province")} == said
    page = (settings.home / "releases" / code / "index.en.html").read_text(encoding="utf-8")
    assert f"public services in {said.get('province_en', said['province'])}</h1>" in page


def test_a_registry_that_changes_its_province_while_a_draft_is_built_stops_it(database, settings, frozen, monkeypatch):
    def meanwhile(*_):
        with database.writing() as session:
            session.execute(update(Unit).where(Unit.kind == "province").values(name="Tỉnh Lào Cai"))

    monkeypatch.setattr(building, "refuse_other_figures", meanwhile)
    with pytest.raises(WaveState, match="something it rests on was changed"):
        build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)


BY_QUARTER = "unit,field,month,dossiers\n" + "".join(
    f"{unit},ho-tich,2026-Q3,{count}\n"
    for unit, count in (("03646", 90), ("03664", 50), ("03670", 9), ("03679", 8), ("03688", 70))
)


def test_dossiers_by_quarter_weight_offices_and_fields_and_no_month_is_made_up(
    database, settings, frozen, tmp_path, monkeypatch
):
    asked = []
    monkeypatch.setattr(building, "frame_weights", lambda *a, **k: asked.append(k) or frame_weights(*a, **k))
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, BY_QUARTER), dt.date(2026, 12, 31))
        session.execute(update(Wave).values(opens_on=dt.date(2026, 7, 1)))
    one = published_release(settings.home, release(database, settings))
    told = one.manifest["frame"]
    assert (told["dossiers"], told["quarters"]) == (227, ["2026-Q3"])
    assert told["months"] == ["2026-07", "2026-08", "2026-09"]
    assert one.manifest["method"]["weights"]["method"] == "poststratify"
    assert {given["columns"] for given in asked} == {("unit", "field")}
    assert one.manifest["method"]["weights"]["population_uncovered"] == 70
    client = create_app(settings).test_client()
    for language, said in (("en", "months play no part"), ("vi", "tháng không tham gia vào phép tính")):
        page = client.get(f"/results/{one.code}/method?lang={language}").text
        assert said in page
        assert "<msub><mi>g</mi>" not in page


def test_a_quarter_that_reaches_beyond_the_wave_is_refused_with_its_offices(database, settings, frozen, tmp_path):
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, BY_QUARTER), dt.date(2026, 12, 31))
    with pytest.raises(QuartersAcross) as refused:
        build(database, settings, "w1", typed("Hoa"), TODAY)
    assert "from 2026-09 to 2026-09" in str(refused.value)
    assert "2026-Q3: 5 offices (03646, 03664, 03670, 03679, 03688)" in str(refused.value)
