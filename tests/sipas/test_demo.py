"""The demo as everybody meets it first: prepared once, kept at a second start, never mixed with a real installation."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections import Counter

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from analysis import design_weights, estimate, frame_weights, read_snapshot, tabulate
from sipas import create_app, demo
from sipas.cli import group
from sipas.config.settings import Settings
from sipas.demo.visits import SAID
from sipas.errors import NotReady
from sipas.fieldwork.models import CHANNELS, FORMS, Point, PopulationCount
from sipas.fieldwork.waves import close_wave, open_wave_at, waves
from sipas.intake import stored
from sipas.intake.models import Response
from sipas.publishing.comments import comments
from sipas.publishing.published import published_release
from sipas.publishing.review import releases
from sipas.storage.database import Database
from sipas.web.installation import of_app
from tests.auditor import Auditor
from tests.make import a_wave
from tests.people import Visitor
from tests.shared import made_once

TODAY = dt.date(2026, 11, 24)
CODE = "2026-1-r1"


class PowerCut(Exception):
    """Ends the first start in the middle."""


def cut_and_resumed(folder):
    """A demo in `home` whose first start met a power cut before the wave was frozen, and whose second start went on
    from what lay on the disk then; in `told.json` the steps of both, and the snapshots at the cut."""
    begun, home, steps = folder / "begun", folder / "home", ([], [])

    def cut(*_words, **_more):
        shutil.copytree(begun, home)
        raise PowerCut

    def start(place, number):
        return demo.prepare(Settings(home=place), TODAY, lambda step, of, what: steps[number].append(step))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "freeze", cut)
        with pytest.raises(PowerCut):
            start(begun, 0)
    shutil.rmtree(begun)
    snapshots = [path.name for path in (home / "snapshots").iterdir()]
    start(home, 1).engine.dispose()
    (folder / "told.json").write_text(json.dumps([*steps, snapshots]))


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    return made_once(tmp_path_factory, "demo", cut_and_resumed)


@pytest.fixture(scope="module")
def prepared(demo_folder):
    """A demo that is ready. It was interrupted once: what is promised of it holds then too, and it is made once."""
    settings = Settings(home=demo_folder / "home")
    database = Database.of(settings)
    yield settings, database
    database.engine.dispose()


def test_one_wave_is_released_and_one_is_open_at_every_kiosk_whatever_the_date(prepared):
    _, database = prepared
    with database.reading() as session:
        assert [(wave.code, wave.state) for wave in waves(session)] == [("2026-1", "frozen"), ("2026-2", "open")]
        assert [(one["release"], one["state"]) for one in releases(session)] == [(CODE, "published")]
        kiosks = session.scalars(select(Point).where(Point.channel == "kiosk")).all()
        assert len(kiosks) >= 5
        for day in (dt.date(2026, 1, 1), TODAY, dt.date(2035, 6, 1)):
            assert {open_wave_at(session, kiosk.code, day)[0].instrument for kiosk in kiosks} == {"service-2024"}


def test_about_a_million_dossiers_and_sixty_thousand_answers_of_89_units(prepared):
    settings, database = prepared
    manifest = published_release(settings.home, CODE).manifest
    assert 900_000 < manifest["frame"]["dossiers"] < 1_100_000
    assert 55_000 < manifest["responses"] < 65_000
    assert len(manifest["units"]) == 75 + 14
    with database.reading() as session:
        assert abs(stored(session, 1) - manifest["responses"]) <= 2


def test_weighted_estimates_find_the_truth_that_an_unweighted_mean_misses(prepared):
    settings, database = prepared
    published = published_release(settings.home, CODE)
    with database.reading() as session:
        truth = demo.simulated_province(session).truth
    snapshot = read_snapshot(settings.home / "snapshots" / "2026-1.parquet")
    cells = tabulate(snapshot, by=[])
    plain = {row["of"]: row["estimate"] for row in estimate(cells, design_weights(cells)).records()}
    for of in ("overall", "B1", "B2", "B3", "B4", "B5"):
        weighted = abs(published.table.row(of)["estimate"] - truth.share(of))
        unweighted = plain[of] - truth.share(of)
        assert unweighted > 0.01, of  # over-eager offices: too high, by more than a point
        assert weighted < unweighted / 2, of


def test_everything_is_labelled_simulated(prepared):
    settings, _ = prepared
    folder = settings.home / "releases" / CODE
    assert json.loads((folder / "release.json").read_text(encoding="utf-8"))["wave"]["simulated"] is True
    assert "MÔ PHỎNG" in (folder / "index.html").read_text(encoding="utf-8").upper()
    assert "SIMULATED" in (folder / "index.en.html").read_text(encoding="utf-8").upper()
    head, first = (folder / "estimates.csv").read_text(encoding="utf-8-sig").splitlines()[:2]
    assert first.split(",")[head.split(",").index("simulated")] == "1"
    app = create_app(settings)
    for address in (f"/results/{CODE}/", "/results", f"/results/{CODE}/unit/03646", f"/results/{CODE}/method"):
        assert "MÔ PHỎNG" in app.test_client().get(address).text.upper(), address
    for address in ("/k/kiosk-03646", "/k/kiosk-03646/vi", "/k/kiosk-03646/vi/thanks"):
        assert 'class="simulated"' in app.test_client().get(address).text, address
    of_app(app).database.engine.dispose()


def test_the_manifest_does_not_tell_how_few_answered_in_a_small_class(prepared):
    settings, _ = prepared
    weights = published_release(settings.home, CODE).manifest["method"]["weights"]
    assert weights == {"method": "raking", "margins": ["month"], "uncovered": [], "population": 1_000_325.0,
                       "population_uncovered": 0.0}  # fmt: skip


def test_published_digits_do_not_tell_the_weights_behind_a_figure(prepared):
    """With share, standard error and design effect in full, sum of weights = n / (1 - (se^2/s)/deff) is exact."""
    settings, database = prepared
    snapshot = read_snapshot(settings.home / "snapshots" / "2026-1.parquet")
    with database.reading() as session:
        frame = {(c.unit, c.field, c.month): c.dossiers for c in session.scalars(select(PopulationCount)) if c.dossiers}
    cells = tabulate(snapshot, by=[("unit", "field")], keep=["month"])
    exact = estimate(cells, frame_weights(cells, frame))
    gaps = []
    for row in published_release(settings.home, CODE).table.records():
        if row["of"] not in snapshot.codebook.item_codes or len(row["domain"]) < 2 or not row["deff"]:
            continue
        seen, true = (_weight_sum(one) for one in (row, exact.row(row["of"], **row["domain"])))
        if seen and true:
            gaps.append(abs(seen / true - 1))
    assert len(gaps) > 1000
    assert sum(gap < 1e-3 for gap in gaps) < 0.01 * len(gaps)  # as often as chance would have it


def _weight_sum(row):
    spread = row["estimate"] * (1 - row["estimate"]) / (row["n"] - 1)
    finite = row["se"] ** 2 / spread / row["deff"] if spread else 1.0
    return row["n"] / (1 - finite) if finite != 1 else None


def test_nothing_published_stands_on_too_few_people(prepared):
    settings, _ = prepared
    table = published_release(settings.home, CODE).table
    shown = [row for row in table.records() if not row["withheld"] and row["estimate"] is not None]
    withheld = [row for row in table.records() if row["withheld"]]
    assert min(row["n"] for row in shown) >= table.policy.minimum
    assert withheld
    assert all(row["estimate"] is None and row["n"] is None for row in withheld)


def test_a_visitor_answers_the_open_wave_and_a_second_start_keeps_it(prepared):
    settings, database = prepared
    app = create_app(settings)
    before = _answers_by(database, Response.form)
    visitor = Visitor(app.test_client(), "tthcc-so-tu-phap")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(5)
    visitor.reads_thanks(visitor.sends())
    steps = []
    again = demo.prepare(settings, TODAY, lambda number, of, what: steps.append(number))
    with again.reading() as session:
        assert len(releases(session)) == 1
    assert _answers_by(again, Response.form) == before + Counter({FORMS["full"]: 1})
    assert len(steps) < 4  # nothing was done anew
    again.engine.dispose()
    of_app(app).database.engine.dispose()


def _answers_by(database, column):
    """How many answers of the open wave have each value of a column."""
    with database.reading() as session:
        rows = session.execute(select(column, func.count()).where(Response.wave == 2).group_by(column)).all()
    return Counter(dict(tuple(row) for row in rows))


def test_the_open_wave_has_answers_by_every_channel_and_of_both_forms(prepared):
    _, database = prepared
    channels, forms = _answers_by(database, Response.channel), _answers_by(database, Response.form)
    assert all(channels[number] >= 10 for number in CHANNELS.values()), channels
    assert all(forms[number] >= 50 for number in FORMS.values()), forms
    with database.reading() as session:
        assert {one.channel for one in session.scalars(select(Point))} == set(CHANNELS) - {"import"}


def test_the_desk_shows_what_people_wrote_in_the_finished_wave_after_the_sieve(prepared):
    settings, database = prepared
    with database.reading() as session:
        said = comments(session, settings.home, demo.FINISHED)
    assert len(said) == len(SAID)
    assert len({one.unit for one in said}) >= 4
    assert not any("0912" in one.text for one in said)
    assert any("[…]" in one.text for one in said)


def test_a_code_from_a_receipt_is_ready_to_try_and_the_next_start_gives_another(prepared, monkeypatch):
    settings, _ = prepared
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_ADDRESS", "")

    def a_start():
        told = CliRunner().invoke(group, ["demo", "--no-serve", "--port", "8123"])
        assert told.exit_code == 0, told.exception
        return re.search(r"http://127.0.0.1:8123(/q/\w{12})", told.output)[1]

    address = a_start()
    assert len((settings.home / "codes.csv").read_text().splitlines()) == 1 + 12
    assert (settings.home / "codes.pdf").read_bytes().startswith(b"%PDF")
    assert a_start() == address
    app = create_app(settings)
    client = app.test_client()
    page = client.get(f"{address}/vi").text
    submission = re.search(r'name="id" value="(\w{32})"', page)[1]
    assert client.post(f"{address}/vi", data={"id": submission, "service": "ho-tich", "O": "4"}).status_code == 303
    assert a_start() != address
    of_app(app).database.engine.dispose()


def test_the_demo_refuses_a_real_installation(database, settings):
    a_wave(database, settings)
    with pytest.raises(NotReady, match="real installation"):
        demo.prepare(settings, TODAY, lambda *_: None)


def test_whoever_plays_with_waves_of_the_demo_is_not_locked_out(prepared):
    settings, database = prepared
    with database.writing() as session:
        close_wave(session, "2026-2", TODAY)
    a_wave(database, settings, "2026-9", instrument="demo")
    again = demo.prepare(settings, TODAY, lambda *_: None)
    with again.writing() as session:
        assert [wave.code for wave in waves(session)] == ["2026-1", "2026-2", "2026-9"]
    again.engine.dispose()


def test_an_interrupted_demo_goes_on_where_it_was_and_every_step_is_told(demo_folder, prepared):
    before, after, snapshots = json.loads((demo_folder / "told.json").read_text())
    assert snapshots == []
    assert before == [1, 2, 3, 4, 5]  # of eight: the fifth freezes
    assert after == [1, 2, 5, 6, 7, 8], "what was done stays done"
    _, database = prepared
    with database.reading() as session:
        assert releases(session)[0]["state"] == "published"
        assert 55_000 < stored(session, 1) < 65_000


def test_every_command_of_the_analyst_answers_on_the_demo(prepared, tmp_path, monkeypatch):
    settings, _ = prepared
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    snapshot, dossiers = str(settings.home / "snapshots" / "2026-1.parquet"), str(tmp_path / "dossiers.csv")

    def said(*arguments):
        result = CliRunner().invoke(group, [*arguments])
        assert result.exit_code == 0, (arguments, result.exception)
        return result.stdout

    said("frame", "save", dossiers)
    weighted = (snapshot, "--frame", dossiers, "--lonely", "centre")
    estimated = json.loads(said("estimate", *weighted, "--json"))
    shown = published_release(settings.home, CODE).table.row("overall")
    assert estimated[-1]["estimate"] == pytest.approx(shown["estimate"], abs=6e-4), "as the release has it"
    ranked = json.loads(said("rank", *weighted, "--by", "unit", "--json"))
    assert len(ranked) == 89
    assert {row["standing"] for row in ranked} == {"above", "not distinguishable", "below"}
    compared = {
        row["domain"]["field"]: row for row in json.loads(said("compare", *weighted, "--by", "field", "--json"))
    }
    assert compared["dat-dai"]["finding"] == "differs"
    assert compared["dat-dai"]["difference"] < -0.05
    looked = json.loads(said("quality", snapshot, "--frame", dossiers, "--by", "unit", "--json"))
    eager = {row["domain"]["unit"] for row in looked if "eager" in row["flags"]}
    assert eager
    alphas = [row["alpha"] for row in looked if row["what"] == "factor"]
    assert all(alpha > 0.6 for alpha in alphas)
    improved = json.loads(said("improve", *weighted, "--json"))
    assert sum(row["importance"] for row in improved) == pytest.approx(improved[0]["r2"])
    small = json.loads(said("small-areas", *weighted, "--by", "unit", "--json"))
    assert len(small) == 89
    assert all(row["root_mse"] > 0 for row in small)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_auditor_pins_down_no_withheld_count_of_an_office(prepared, place):
    """The offices of which most is withheld; the whole table is too much for linear programs."""
    settings, _ = prepared
    one = published_release(settings.home, CODE)
    hidden = Counter(row["domain"].get("unit", "") for row in one.table.records() if row["withheld"])
    unit = [code for code, _rows in hidden.most_common() if code][place]
    factors = {factor["code"]: [] for factor in one.manifest["instrument"]["factors"]}
    for item in one.manifest["instrument"]["items"]:
        factors.get(item["factor"], []).append(item["code"])
    found = Auditor(one.table, factors, inside={"unit": unit}).audit(enough=5)
    assert found.between
    assert not found.pinned, found.pinned
    assert min(map(found.values, found.between)) >= 3, str(found)
