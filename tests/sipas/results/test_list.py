"""The list of releases is read from their manifests: no table is opened but the one that is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sipas.publishing import published
from sipas.results import views, warming
from tests.bench.results import copied
from tests.make_release import a_release
from tests.opened_files import opened


def tables(paths: list[Path]) -> set[str]:
    """The releases whose tables are among the files."""
    return {path.parent.name for path in paths if path.name == published.TABLE}


@pytest.fixture
def shelf(settings):
    """Six releases of one wave; the newest is r6. Nothing of them is remembered from another test."""
    first = a_release(settings.home)
    for number in range(2, 7):
        copied(first, f"2026-1-r{number}")
    for cache in (published._open, published._listed, views._cached):
        cache.cache_clear()
    return first.parent


def test_the_front_page_opens_the_table_that_it_shows_and_lists_the_others_unopened(client, shelf):
    with opened() as files:
        page = client.get("/results").text
    assert tables(files) == {"2026-1-r6"}
    assert {path.parent.name for path in files if path.name == published.MANIFEST} == {
        f"2026-1-r{number}" for number in range(1, 7)
    }
    assert all(f'href="/results/2026-1-r{number}/"' in page for number in range(1, 7))
    with opened() as files:
        assert client.get("/results").text == page
    assert tables(files) == set()


def test_a_page_of_an_older_release_opens_its_own_table_and_no_other(client, shelf):
    with opened() as files:
        assert client.get("/results/2026-1-r3/").status_code == 200
    assert tables(files) == {"2026-1-r3"}


def test_a_fresh_worker_has_made_the_page_before_anyone_asks(app, client, shelf):
    with opened() as files:
        warming.warm(app)
    assert tables(files) == {"2026-1-r6"}
    with opened() as files:
        for language in ("vi", "en"):
            assert client.get(f"/results?lang={language}").status_code == 200
    assert tables(files) == set()


def test_a_worker_starts_without_a_release_too(app, settings):
    with opened() as files:
        warming.warm(app)
    assert tables(files) == set()


@pytest.mark.parametrize("as_old", [False, True])
def test_a_release_whose_table_was_changed_is_shown_nowhere_and_the_one_before_it_stands_for_the_province(
    client, shelf, as_old
):
    """Also where the file says that it is as old as ever."""
    table = shelf / "2026-1-r6" / published.TABLE
    was, text = table.stat(), table.read_text(encoding="utf-8")
    table.write_text(text.replace('"rows":[[', '"rows": [[', 1), encoding="utf-8")
    if as_old:
        os.utime(table, ns=(was.st_atime_ns, was.st_mtime_ns))
    page = client.get("/results").text
    assert 'href="/results/2026-1-r5/" aria-current="page"' in page
    assert "2026-1-r6" not in page
    for path in ("", "method", "unit/03646", "files/estimates.json", "files/estimates.csv"):
        assert client.get(f"/results/2026-1-r6/{path}").status_code == 503, path
    assert [name for name, _ in published.strangers(shelf.parent)] == ["2026-1-r6"]


def test_a_table_that_is_gone_takes_its_release_from_the_list(client, shelf):
    (shelf / "2026-1-r2" / published.TABLE).unlink()
    page = client.get("/results").text
    assert "2026-1-r2" not in page
    assert "2026-1-r3" in page
