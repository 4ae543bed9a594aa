"""Every file that SIPAS writes into its home stands in one table of the operator's manual."""

from tests import november_files
from tests.home_files import in_code, listed, strangers, written_out

FOLDERS = {"keys", "snapshots", "drafts", "releases", "backups", "run"}
BROUGHT = {"dossiers.csv", "w2.csv", "w2.parquet", "run/budgets"}  # by whoever made it; the counters' former name


def test_every_name_in_the_code_stands_in_the_table():
    found = in_code()
    assert {"keys", "comments.inbox", "nights.json", "upkeep.json", "deeds.log", "settings.conf"} <= set(found)
    first = {name.partition("/")[0] for name in listed()}
    missing = {name for name in found if name.partition("/")[0] not in first}
    assert missing == set(), "say in docs/operator.md who writes and reads it, and what is lost without it"


def test_every_name_of_the_table_is_in_the_code():
    first = {name.partition("/")[0] for name in listed()}
    assert first >= FOLDERS
    beside = {name for name in first if name.startswith("sipas.sqlite")}  # SQLite's own, and copies made of its name
    assert first - beside <= set(in_code()) | FOLDERS


def test_the_names_of_files_stand_in_one_module():
    assert written_out() == [], "ask HomePaths for the path, and name a new file there"


def test_a_home_of_november_2026_holds_no_file_that_the_table_does_not_list(tmp_path):
    home = november_files.unpacked("home", tmp_path)
    assert set(strangers(home)) == BROUGHT


def test_a_file_that_nobody_listed_is_found(tmp_path):
    (tmp_path / "keys").mkdir()
    for name in ("keys/w1.id.key", "keys/w1.other", "odd.json", ".0123456789abcdef", "sipas.sqlite.gone-12"):
        (tmp_path / name).touch()
    assert strangers(tmp_path) == ["keys/w1.other", "odd.json"]
