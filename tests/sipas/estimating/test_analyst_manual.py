"""The analyst's manual is true in both languages: every block is run as it stands, and R's own digits are R's."""

import doctest
import re
import shlex
import shutil
import subprocess

import pytest
from click.testing import CliRunner

import analysis
from sipas.cli import COMMANDS, group
from sipas.docs import manual
from sipas.i18n import speaking
from tests.manuals import LANGUAGES, read
from tests.sipas.estimating.calls import rows_of

BOTH = pytest.mark.parametrize("language", LANGUAGES)
FLAGS = doctest.ELLIPSIS | doctest.REPORT_NDIFF


def text_in(language):
    return manual("analyst", language).read_text("utf-8")


def blocks_in(language):
    return re.findall(r"^```(\w+)\n(.*?)^```$", text_in(language), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture(scope="module")
def folder(language, tmp_path_factory):
    """A folder in which every block of Python and of the terminal was run in its order, each showing what it shows."""
    place = tmp_path_factory.mktemp("manual")
    names: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch, speaking(language):
        patch.chdir(place)
        for number, (kind, text) in enumerate(blocks_in(language), start=1):
            if kind == "pycon":
                _run_python(text, names, number)
            elif kind == "console":
                _run_commands(text)
    return place


def _run_python(text, names, number):
    test = doctest.DocTestParser().get_doctest(text, names, f"block {number}", "analyst.md", 0)
    report: list[str] = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert result.failed == 0, "".join(report)


def _run_commands(text):
    for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, expected = session.partition("\n")
        program, *arguments = shlex.split(line)
        assert program == "sipas"
        result = CliRunner().invoke(group, arguments)
        assert result.exit_code == 0, (line, result.exception)
        assert doctest.OutputChecker().check_output(expected, result.stdout, FLAGS), (line, result.stdout)


def test_every_block_shows_what_it_gives(folder, language):
    assert (folder / "estimates.xlsx").exists()
    assert {kind for kind, _ in blocks_in(language)} == {"pycon", "console", "r"}


def test_r_gives_the_same_digits(folder, language):
    if not shutil.which("Rscript"):
        pytest.skip("R is not installed; Debian: r-base-core, r-cran-survey")
    (script,) = [text for kind, text in blocks_in(language) if kind == "r"]
    if subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True).returncode:
        pytest.skip("R's survey is not installed; Debian: r-cran-survey")
    done = subprocess.run(["Rscript", "-e", script], cwd=folder, capture_output=True, text=True)
    ours = (folder / "ours.txt").read_text("utf-8").split()
    assert [float(word) for word in done.stdout.split()] == pytest.approx([float(word) for word in ours], rel=1e-10)


@BOTH
def test_every_capability_of_the_statistics_is_shown(language):
    """What `analysis` offers at its front is met on this page, apart from what only the platform itself needs."""
    inside = {"Policy", "SafeTable", "suppress", "AnalysisError", "Snapshot", "Estimates", "Weights", "CodebookItem"}
    inside |= {"CodebookQuestion", "write_snapshot", "benjamini_hochberg", "holm"}
    names = [name for name in analysis.__all__ if name not in inside and not name.isupper()]
    assert [name for name in names if not re.search(rf"\b{name}\b", text_in(language))] == []


@BOTH
def test_every_command_that_is_named_exists(language):
    named = set(re.findall(r"sipas ([a-z][a-z-]+)", text_in(language)))
    assert named <= set(COMMANDS)
    assert {"estimate", "compare", "rank", "trend"} <= named


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "2026-1.parquet", "--by", "field"),
        ("rank", "2026-1.parquet", "--by", "field"),
        ("trend", "2025-2.parquet", "2026-1.parquet"),
        ("selection", "2026-1.parquet", "--by", "field"),
        ("quality", "2026-1.parquet"),
        ("improve", "2026-1.parquet"),
        ("small-areas", "2026-1.parquet", "--by", "field"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_column_that_a_command_writes_is_explained(folder, language, arguments, monkeypatch):
    monkeypatch.chdir(folder)
    last = read("analyst", language)[-1]  # "What the commands write"
    explained = set(re.findall(r"`(\w+)`", " ".join(block.text for block in last.blocks)))
    for row in rows_of(*arguments):
        assert set(row) <= explained
