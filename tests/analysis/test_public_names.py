"""The front of the package: every public name is there, explains itself, and costs only what is used."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import analysis


@pytest.mark.parametrize("name", analysis.__all__)
def test_every_public_name_is_there_and_explains_itself(name):
    thing = getattr(analysis, name)
    if callable(thing):
        assert inspect.getdoc(thing)


@pytest.mark.parametrize("name", [name for name in analysis.__all__ if inspect.isfunction(getattr(analysis, name))])
def test_every_public_function_has_types_and_an_example_that_is_run(name):
    function = getattr(analysis, name)
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())
    assert doctest.DocTestFinder().find(function)[0].examples or name in ("write_snapshot", "read_snapshot"), name


def test_a_function_with_more_than_eight_parameters_says_why():
    long = []
    for module in pkgutil.walk_packages(analysis.__path__, "analysis."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            public = function.__module__ == module.name and not name.startswith("_")
            if public and len(inspect.signature(function).parameters) > 8:
                long.append(name)
                assert "More than eight parameters: " in inspect.getdoc(function), f"{module.name}.{name}"
    assert {"estimate", "tabulate"} <= set(long)


def test_a_first_estimate_does_not_import_what_it_does_not_need():
    code = (
        "import sys; from analysis import estimate, frame_weights, rake, read_snapshot, tabulate\n"
        "print(*[m for m in sys.modules if m.startswith('analysis.')])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "analysis.estimation.estimate" in loaded
    rooms = {module.split(".")[1] for module in loaded}
    assert not {"comparison", "quality", "small_area", "planning", "disclosure", "simulation"} & rooms


def test_the_package_and_its_protected_tables_need_neither_scipy_nor_pyarrow():
    code = "import sys, analysis; from analysis import SafeTable, selection_band; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "analysis.disclosure.safe_table" in loaded
    assert not {"scipy", "pyarrow"} & {module.partition(".")[0] for module in loaded}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing"):
        _ = analysis.nothing
