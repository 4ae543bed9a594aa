"""What the documents say is so: licences from the lock file, links that lead somewhere, no word on this machine."""

import re
import subprocess
from pathlib import Path

import pytest

from sipas.docs.licences import TARGET, locked

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "build" for part in page.relative_to(ROOT).parts)
)


def test_every_library_of_the_lock_file_stands_in_the_list_of_licences():
    page = TARGET.read_text(encoding="utf-8")
    for name, version in locked((ROOT / "requirements.lock").read_text(encoding="utf-8")).items():
        assert f"| {name} | {version} |" in page, "run `make licences`"
    assert "not stated" not in page
    assert "not installed" not in page


@pytest.mark.parametrize("manual", PAGES, ids=lambda manual: str(manual.relative_to(ROOT)))
def test_links_lead_somewhere(manual):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", manual.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (manual.parent / target).exists(), target


def test_no_registry_address_and_no_path_of_a_machine_lies_in_the_project():
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True).stdout.split("\0")
    forbidden = re.compile("pypi" + r"\.org|files\.pythonhosted|registry\.npm" + "js|/ro" + "ot/|/work" + "/main")
    for name in filter(None, files):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".woff2", ".png", ".parquet", ".xlsx"):
            found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
            assert not found, (name, found and found.group())
