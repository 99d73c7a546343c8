"""The kernels' contract: the same names and parameters in every backend, and a count for each of them."""

import inspect
from pathlib import Path

import pytest

from minimalbp.backend import BACKENDS, NAMESPACES, get_backend
from minimalbp.measure import FORMULAS, PHASES, counts
from minimalbp.report import comparison as table


def kernels(module):
    """{name: signature} of the public functions a module defines or hands on."""
    public = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    functions = {n: getattr(module, n) for n in public}
    return {n: inspect.signature(f) for n, f in functions.items() if inspect.isfunction(f)}


@pytest.mark.parametrize("space", NAMESPACES)
def test_every_backend_has_the_same_signatures(space):
    contract = kernels(getattr(get_backend("reference"), space))
    assert contract
    for name in BACKENDS:
        assert kernels(getattr(get_backend(name), space)) == contract


@pytest.mark.parametrize("space", NAMESPACES)
def test_all_lists_kernels_and_constants_of_the_contract(space):
    reference, cpu = (getattr(get_backend(name), space) for name in ("reference", "cpu"))
    constants = {n for n in vars(reference) if n.isupper()}
    assert set(cpu.__all__) == set(kernels(reference)) | constants
    assert cpu.__all__ == sorted(cpu.__all__)
    for name in constants:
        assert getattr(cpu, name) == getattr(reference, name)


@pytest.mark.parametrize("space", NAMESPACES)
def test_every_kernel_of_the_specification_says_what_it_means(space):
    module = getattr(get_backend("reference"), space)
    for name in kernels(module):
        assert getattr(module, name).__doc__, name
    assert module.__doc__


def test_every_kernel_is_counted_and_every_count_has_a_kernel():
    reference = get_backend("reference")
    named = {f"{space}.{name}" for space in NAMESPACES for name in kernels(getattr(reference, space))}
    assert set(FORMULAS) == named


def test_a_count_stands_in_the_module_of_its_kernels_stem():
    linear = get_backend("reference").linear
    stems = [{p.stem for p in Path(m.__file__).parent.glob("*.py")} for m in (counts, linear)]
    assert stems[0] == stems[1] == {"__init__", *NAMESPACES}
    for name, formula in FORMULAS.items():
        assert formula.__module__ == f"{counts.__name__}.{name.partition('.')[0]}"


@pytest.mark.parametrize("space", NAMESPACES)
def test_a_count_takes_the_arguments_of_its_kernel(space):
    for name, signature in kernels(getattr(get_backend("reference"), space)).items():
        inspect.signature(FORMULAS[f"{space}.{name}"]).bind(*signature.parameters)


def test_the_phases_are_those_of_the_report():
    assert [*PHASES, "total"] == list(table.PHASES)
