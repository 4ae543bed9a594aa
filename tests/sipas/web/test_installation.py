"""One value for what an installation consists of: made by the factory, asked for by one accessor, varied by tests."""

import datetime as dt
import re
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from sipas import create_app
from sipas.registry.province import ProvinceName
from sipas.web.installation import Installation, install, installation, of_app
from sipas.web.request_language import province_of_request

ROOT = Path(__file__).parents[3]
OWN = {  # what one part remembers for itself, and the module with its accessor
    "sipas/web/installation.py": "NAME",
    "sipas/kiosk/blueprint.py": '"sipas.kiosk"',
    "sipas/desk/blueprint.py": '"sipas.desk"',
    "sipas/monitoring/pages.py": '"sipas.front"',
}


def test_nothing_is_looked_up_in_the_configuration_and_each_extension_by_one_module():
    found = {}
    for path in sorted((ROOT / "sipas").rglob("*.py")):
        text = path.read_text("utf-8")
        assert not re.search(r"\b(app|current_app)\.config(\[|\.get\()", text), f"{path}: ask installation()"
        if named := set(re.findall(r"\.extensions\[([^]]+)\]", text)):
            found[str(path.relative_to(ROOT))] = named
    for path in sorted((ROOT / "sipas").rglob("*.html")):
        assert not re.search(r"\bconfig(\.[A-Z]|\[)", path.read_text("utf-8")), f"{path}: ask installation()"
    assert found == {module: {name} for module, name in OWN.items()}


def test_it_is_made_once_for_each_application(app, settings):
    with app.app_context():
        assert installation() is of_app(app)
    assert (of_app(app).settings, of_app(app).home) == (settings, settings.home)
    assert of_app(app).paths.snapshots == settings.home / "snapshots"
    other = create_app(settings)
    assert of_app(other) is not of_app(app)
    assert other.extensions["sipas.kiosk"] is not app.extensions["sipas.kiosk"]
    of_app(other).database.engine.dispose()


def test_nobody_changes_it(app):
    with pytest.raises(FrozenInstanceError):
        of_app(app).settings = None


def test_a_variant_holds_from_then_on(app):
    class Elsewhere:
        def on(self, day):
            return ProvinceName("Tỉnh Lai Châu", "Lai Châu province") if day == dt.date(2026, 4, 1) else ProvinceName()

    midnight = dt.datetime(2026, 3, 31, 17, tzinfo=dt.timezone.utc)  # of 1 April, in the province
    install(app, replace(of_app(app), now=lambda: midnight, province=Elsewhere()))
    with app.app_context():
        assert installation().today() == dt.date(2026, 4, 1)
        assert province_of_request().name == "Tỉnh Lai Châu"


def test_to_make_one_opens_nothing(tmp_path, settings):
    made = Installation.of(replace(settings, home=tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    made.database.engine.dispose()
