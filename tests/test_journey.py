"""One answer's way from a finger to a published figure: the newcomer's map, beside the table in sipas/README.md."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from analysis import design_weights, estimate, frame_weights, read_snapshot, tabulate
from analysis.data.snapshot import content_digest
from analysis.disclosure.policy import Policy
from analysis.disclosure.suppress import suppress
from sipas import clock
from sipas.accounts.decisions import Decider
from sipas.errors import SamePerson, WaveState
from sipas.fieldwork.waves import close_wave
from sipas.intake import stored
from sipas.intake.models import Response
from sipas.keyring import wave_keys
from sipas.publishing.build import build
from sipas.publishing.freeze import freeze
from sipas.publishing.published import published_release
from sipas.publishing.review import approve, publish
from tests.make import a_csv, a_point, a_wave
from tests.people import Visitor, text_of

OPENING = dt.datetime(2026, 9, 1, 2, 30, tzinfo=dt.timezone.utc)
FIVE_DAYS = [OPENING + dt.timedelta(days=days) for days in (0, 6, 13, 20, 27)]  # each in a week of its own


@pytest.fixture
def province(database, settings, tmp_path):
    """Two wards with a kiosk each, an open wave on the full questionnaire, and how many dossiers each ward handled."""
    from sipas.fieldwork.population_counts import load_frame

    a_point(database, "to-hieu-1", "03646")
    a_point(database, "chieng-an-1", "03664")
    a_wave(database, settings, opens_on=OPENING.date())
    with database.writing() as session:
        load_frame(
            session,
            a_csv(tmp_path, "unit,field,month,dossiers\n03646,ho-tich,2026-09,900\n03664,ho-tich,2026-09,100\n"),
            dt.date(2026, 9, 30),
        )


def arrives(app, number):
    """The visitor of that number with her form open: every other one at each kiosk's own language, in five weeks."""
    return Visitor(app.test_client(), "chieng-an-1" if number < 60 else "to-hieu-1", "vi" if number % 2 else "en")


def fills_in(visitor, number):
    """All are satisfied in Chiềng An, three of four in Tô Hiệu."""
    visitor.answers_everything(2 if number >= 60 and number % 4 == 0 else 5 if number >= 60 else 4)
    visitor.answers("service", "ho-tich")


def test_one_answer_from_form_to_published_figure(province, app, database, settings, monkeypatch):
    """The numbers and names of the steps are those of the table in sipas/README.md."""
    today = dt.date(2026, 9, 30)
    monkeypatch.setattr(clock, "now", lambda: OPENING)

    def rows():
        with database.reading() as session:
            return stored(session, 1)

    # 1. The page
    visitor = arrives(app, 0)
    form = visitor.opens_the_questionnaire()
    assert {"B1.1", "B1.2", "B1.3", "B2.1", "O", "service", "sex"} <= set(form.choices)
    assert rows() == 0

    # 2. What was sent
    fills_in(visitor, 0)
    visitor.said["B1.1"] = "6"
    assert visitor.sends().status_code == 422
    assert rows() == 0
    del visitor.said["B1.1"]  # not answered
    visitor.said["B4.1"] = "na"  # not applicable: apart from "not answered"

    # 3. Door 1
    assert visitor.reads_thanks(visitor.sends()) == "Thank you!"
    with database.reading() as session:
        (row,) = session.query(Response).all()
    assert set(row.__table__.columns.keys()) == {
        *("key", "wave", "point", "unit", "field", "month", "cluster"),
        *("channel", "language", "form", "sex", "age", "answers"),
    }
    assert (row.month, row.answers[1], row.answers[2], row.answers[11]) == (202609, 0, 4, 254)

    # 4. The row
    assert visitor.reads_thanks(visitor.sends()) == "Thank you!"  # the line broke before the thanks: sent again
    assert rows() == 1
    for number in range(1, 120):
        monkeypatch.setattr(clock, "now", lambda: FIVE_DAYS[number % 5])  # noqa: B023
        visitor = arrives(app, number)
        visitor.opens_the_questionnaire()
        fills_in(visitor, number)
        assert visitor.reads_thanks(visitor.sends()).startswith(("Cảm ơn", "Thank you"))
        assert rows() == number + 1

    # 5. The snapshot
    with pytest.raises(WaveState, match="open"):
        freeze(database, settings.home, "w1", today)
    with database.writing() as session:
        close_wave(session, "w1", today)
    frozen = freeze(database, settings.home, "w1", today)
    assert wave_keys.held(settings.home, "w1") == wave_keys.AFTER_GRACE  # the key of the weeks is gone
    snapshot = read_snapshot(frozen.path)
    assert (snapshot.rows, content_digest(frozen.path)) == (120, frozen.digest)
    assert (snapshot.codebook.opens_on, snapshot.codebook.closes_on) == (OPENING.date(), today)

    # 6. The cells
    cells = tabulate(snapshot, by=["unit"], keep=["field"])
    assert cells.rows.sum() == 120
    assert len(snapshot.codebook.psus or ()) == 10  # five weeks at two kiosks

    # 7. The weights
    unweighted, dossiers = design_weights(cells), {("03646", "ho-tich"): 900, ("03664", "ho-tich"): 100}
    weighted = frame_weights(cells, dossiers, columns=("unit", "field"))
    assert weighted.diagnostics["total"] == pytest.approx(1000)

    # 8. The estimates
    plain, wide = (estimate(cells, weights) for weights in (unweighted, weighted))
    assert plain.row("overall")["estimate"] == pytest.approx((60 + 45) / 120, abs=0.001)
    figure = wide.row("overall")
    assert figure["estimate"] == pytest.approx(0.9 * 0.75 + 0.1 * 1.0, abs=0.001)
    assert figure["low"] < figure["estimate"] < figure["high"]

    # 9. Door 2
    few = suppress(estimate(cells, unweighted, by=["unit"]), Policy(minimum=80))
    assert few.row("overall", unit="03646")["withheld"]
    assert not few.row("overall")["withheld"]

    # 10. The review
    code = build(database, settings, "w1", Decider("Lò Thị Hoa", "hoa"), today)
    for herself in (Decider("Lò Thị Mai", "hoa"), Decider("lò thị hoa", "hoa2")):
        with pytest.raises(SamePerson):
            approve(database, settings.home, code, herself, today)
    with pytest.raises(WaveState, match="approved"):
        publish(database, settings.home, code, today)
    assert app.test_client().get(f"/results/{code}/").status_code == 404
    approve(database, settings.home, code, Decider("Cầm Văn An", "an"), today)

    # 11. The release
    publish(database, settings.home, code, today)
    manifest = json.loads((settings.home / "releases" / code / "release.json").read_text(encoding="utf-8"))
    assert (manifest["snapshot"], manifest["approved_by"]) == (frozen.digest, "Cầm Văn An")
    assert manifest["people"] == "accounts"

    # 12. The reader
    published = published_release(settings.home, code).table.row("overall")
    assert published["estimate"] == 0.775  # rounded as on the page
    page = text_of(app.test_client().get(f"/results/{code}/").text)
    assert "77,5%" in page, page
