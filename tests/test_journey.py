"""One answer's way from a finger to a published figure: the newcomer's map. Read it from top to bottom."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from analysis import design_weights, estimate, read_snapshot, tabulate
from analysis.disclosure.policy import Policy
from analysis.disclosure.suppress import suppress
from sipas import clock
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


def test_one_answer_from_form_to_published_figure(province, app, database, settings, monkeypatch):
    today = dt.date(2026, 9, 30)

    # 1-4: people answer at kiosks; nothing is stored before the button, and then one anonymous row
    for number in range(120):
        monkeypatch.setattr(clock, "now", lambda: FIVE_DAYS[number % 5])  # noqa: B023
        point, level = ("chieng-an-1", 4) if number < 60 else ("to-hieu-1", 2 if number % 4 == 0 else 5)
        visitor = Visitor(app.test_client(), point, "vi" if number % 2 else "en")
        visitor.opens_the_questionnaire()
        visitor.answers_everything(level)
        visitor.answers("service", "ho-tich")
        reply = visitor.sends()
        assert visitor.reads_thanks(reply).startswith(("Cảm ơn", "Thank you"))
    with database.reading() as session:
        assert stored(session, 1) == 120
        row = session.query(Response).first()
        assert not hasattr(row, "day")
        assert row.month == 202609

    # 5: the wave is closed and frozen: one Parquet file that explains itself; the key of the weeks is gone
    with pytest.raises(WaveState, match="open"):
        freeze(database, settings.home, "w1", today)
    with database.writing() as session:
        close_wave(session, "w1", today)
    frozen = freeze(database, settings.home, "w1", today)
    assert wave_keys.held(settings.home, "w1") == wave_keys.AFTER_GRACE
    snapshot = read_snapshot(frozen.path)
    assert (snapshot.rows, snapshot.digest) == (120, frozen.digest)

    # 6-8: one pass into integer cells, weights, an estimate with its interval
    cells = tabulate(snapshot, by=["unit"])  # five weeks at two kiosks: ten clusters in two strata
    unweighted = next(r for r in estimate(cells, design_weights(cells)).records() if r["of"] == "overall")
    assert unweighted["estimate"] == pytest.approx((60 + 45) / 120)

    # 9: the second door: what stands on too few people does not leave
    few = suppress(estimate(cells, design_weights(cells)), Policy(minimum=80))
    assert few.row("overall", unit="03646")["withheld"]
    assert not few.row("overall")["withheld"]

    # 8-11: the same by one command, weighted to dossiers; a second person approves; it becomes public
    code = build(database, settings, "w1", "Lò Thị Hoa", today)
    with pytest.raises(SamePerson):
        approve(database, settings.home, code, "lò thị hoa", today)
    with pytest.raises(WaveState, match="approved"):
        publish(database, settings.home, code, today)
    assert app.test_client().get(f"/results/{code}/").status_code == 404
    approve(database, settings.home, code, "Cầm Văn An", today)
    publish(database, settings.home, code, today)

    # 14: a reader sees the figure, weighted: nine dossiers in ten are Tô Hiệu's, where three of four were satisfied
    figure = published_release(settings.home, code).table.row("overall")
    assert figure["estimate"] == pytest.approx(0.9 * 0.75 + 0.1 * 1.0)
    assert figure["low"] < figure["estimate"] < figure["high"]
    page = text_of(app.test_client().get(f"/results/{code}/").text)
    assert "77,5%" in page, page
    manifest = json.loads((settings.home / "releases" / code / "release.json").read_text(encoding="utf-8"))
    assert (manifest["snapshot"], manifest["approved_by"]) == (frozen.digest, "Cầm Văn An")
