"""Bands and shifted figures hold what is true of provinces whose satisfied visitors answer more often."""

from collections import defaultdict

import numpy as np
import pytest

from analysis import class_bands, estimate, frame_weights, selected_share, selection_band
from tests.analysis.selection.urged import SCHEMES, UNITS, Urged


def coverage(scheme, urging, seeds):
    """Shares of figures held, by kind of domain and what held them."""
    held = defaultdict(list)
    for seed in seeds:
        province = Urged(scheme, urging, seed)
        truths = province.truth()
        cells = province.cells()
        weights = frame_weights(cells, province.frame(), columns=("unit", "field"))
        table = estimate(cells, weights)
        of_figure, of_class = (
            class_bands(cells, weights, table, sorted({max(g, 1) for g in ratios}))
            for ratios in zip(*((g, most) for _, g, most in truths.values()), strict=True)
        )
        for (unit, name), (truth, g, most) in truths.items():
            d = 0 if unit is None else 1 + [labels for _, labels in table.domains[1:]].index((f"u{unit}",))
            m, kind = table.of.index(name), "province" if unit is None else "unit"
            low, high = table.low[d, m], table.high[d, m]
            shifted = selected_share([low, high], g)
            held[kind, "shifted"].append(shifted[0] <= truth <= shifted[1])
            band = selection_band(low, high, max(g, 1))
            held[kind, "band"].append(band[0] <= truth <= band[1])
            for what, bands, ratio in (("class by class", of_class, most), ("classes at the figure's G", of_figure, g)):
                place = bands.ratios.index(max(ratio, 1))
                held[kind, what].append(bands.low[place, d, m] <= truth <= bands.high[place, d, m])
            held[kind, "as printed"].append(low <= truth <= high)
    assert len(held["unit", "band"]) == len(seeds) * UNITS * 4
    return {key: round(float(np.mean(each)), 4) for key, each in held.items()}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_bands_hold_the_truth_thin(scheme):
    found = coverage(scheme, 2.0, range(6))
    assert found["unit", "band"] >= 0.95, found
    assert found["unit", "class by class"] >= 0.95, found
    assert found["province", "as printed"] < 0.8, found  # without the band they would mostly not
    assert 0.9 <= found["unit", "shifted"] <= 0.99, found


@pytest.mark.long
@pytest.mark.parametrize("urging", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_bands_hold_the_truth(scheme, urging):
    found = coverage(scheme, urging, range(100, 250))
    for kind in ("unit", "province"):
        noise = 2 * np.sqrt(0.05 / (150 * (UNITS if kind == "unit" else 1)))
        assert found[kind, "band"] >= 0.95 - (0 if urging > 1 else noise), found
        assert found[kind, "class by class"] >= 0.95 - (0 if urging > 1 else noise), found
        assert 0.93 - noise <= found[kind, "shifted"] <= 0.98 + noise, found
