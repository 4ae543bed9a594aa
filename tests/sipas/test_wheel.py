"""A built wheel is whole: instruments, catalogs, templates, registry and migrations travel with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The wheel of the project as git knows it, built beside the tree and unpacked."""
    source, target = tmp_path_factory.mktemp("source") / "sipas", tmp_path_factory.mktemp("wheel")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", target, source],
        check=True, capture_output=True)  # fmt: skip
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target / "lib")
    return target / "lib"


def run(unpacked, code, **environment):
    """Runs Python with the wheel in front of everything else."""
    return subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(unpacked), **environment})  # fmt: skip


def test_it_makes_an_installation_and_shows_a_kiosk_in_vietnamese_without_compiled_catalogs(unpacked, tmp_path):
    assert [path.name for path in unpacked.rglob("*.mo")] == ["click.mo"]  # which gettext itself reads
    code = """
import sipas, surveys, analysis
from sipas.cli import group
for words in (["init", "--registry", "son-la"], ["point", "add", "p1", "--unit", "03646"]):
    group.main(words, standalone_mode=False)
app = sipas.create_app()
print(sipas.__file__)
print(app.test_client().get("/k/p1").status_code)
print(app.test_client().get("/results").text.count("lang=\\"vi\\""))
print(sorted(surveys.catalogue()))
"""
    result = run(unpacked, code, SIPAS_HOME=str(tmp_path / "home"))
    assert result.returncode == 0, result.stderr
    place, status, vietnamese, instruments = result.stdout.splitlines()
    assert place.startswith(str(unpacked))
    assert status == "404"  # a point, and no wave yet: a friendly page from the templates
    assert int(vietnamese) >= 1
    assert instruments == "['demo', 'onestop-2018', 'service-2024', 'sipas-2023']"


def test_every_file_that_is_no_test_travels(unpacked):
    names = subprocess.run(["git", "ls-files", "-z", "sipas", "surveys", "analysis", "translations"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout  # fmt: skip
    left = [
        name for name in filter(None, names.split("\0")) if (ROOT / name).is_file() and not (unpacked / name).exists()
    ]
    assert [name for name in left if not name.endswith("DIGESTS")] == []
