"""Every case of the reference folder, digit for digit; it lies beside the clone, or where SIPAS_REFERENCE says."""

import json
import os
from pathlib import Path

import pytest

from tests.reference import answer, compare

FOLDER = Path(os.environ.get("SIPAS_REFERENCE") or Path(__file__).parents[3] / "shared" / "reference")
CASES = [("data", "expected"), ("api", "api")]
OWN = Path(__file__).parent / "own"


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no reference folder at {FOLDER}; set SIPAS_REFERENCE to run this")
@pytest.mark.parametrize(("data", "expected"), CASES)
def test_every_reference_case_comes_out_with_the_digits_of_r(data, expected, tmp_path, capsys):
    agrees(FOLDER / data, FOLDER / expected, tmp_path, capsys)


def test_our_own_cases_come_out_with_the_digits_of_r(tmp_path, capsys):
    """`own/make_data.py` and `own/make_expected.R` (R survey 4.1.1) produced them."""
    agrees(OWN, OWN, tmp_path, capsys)


def agrees(data, expected, tmp_path, capsys):
    out = tmp_path / "out.json"
    assert answer.main([str(data), str(expected), str(out)]) == 0
    status = compare.main([str(out), str(expected), "--min-coverage", "1"])
    assert status == 0, capsys.readouterr().out


def test_an_answer_that_is_wrong_in_the_tenth_digit_is_found(tmp_path, capsys):
    case = {"case": "x", "designs": {}, "estimates": [{"id": "a", "kind": "mean", "est": 0.5, "se": 0.1}]}
    (tmp_path / "x.json").write_text(json.dumps(case))
    for answered, expected in ((0.5, 0), (0.5 + 1e-9, 1)):
        (tmp_path / "out").write_text(json.dumps({"x": {"a": {"est": answered, "se": 0.1}}}))
        assert compare.main([str(tmp_path / "out"), str(tmp_path)]) == expected
    capsys.readouterr()
