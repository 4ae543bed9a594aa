"""The same statistics from single rows, as plainly as possible: what cells must come to."""

import numpy as np

ITEMS = {"A": ("q1", "q2", "q3"), "B": ("q3", "q4", "q5", "q6")}
CODES = ("q1", "q2", "q3", "q4", "q5", "q6")


def a_sample(rows=400, seed=1, psus=6, missing=0.15):
    """Rows as a dictionary of arrays: four strata, PSUs in them, units across strata, levels 0 (missing) to 5."""
    rng = np.random.default_rng(seed)
    stratum = rng.integers(0, 4, rows)
    psu = rng.integers(0, psus, rows)
    lean = rng.normal(0, 0.5, (4, psus))[stratum, psu]
    sample = {
        "stratum": np.array(list("abcd"))[stratum],
        "psu": psu.astype(str),
        "w": rng.choice([1.0, 2.5, 4.0], rows),
        "unit": np.where(rng.random(rows) < 0.3, "north", np.array(list("abcd"))[stratum]),
        "field": rng.choice(["land", "civil", "tax"], rows),
        "month": rng.choice(["2026-01", "2026-02"], rows),
        "sex": rng.choice(["F", "M"], rows),
        "visits": rng.integers(1, 5, rows).astype(float),
    }
    for code in CODES:
        level = np.clip(np.round(3.7 + lean + rng.normal(0, 1, rows)), 1, 5).astype(int)
        sample[code] = np.where(rng.random(rows) < missing, 0, level)
    return sample


def fractions(sample, of):
    """Numerator and denominator of a figure in each row."""
    items = ITEMS.get(of, CODES if of == "overall" else (of,))
    y = sum((sample[item] >= 4).astype(float) for item in items)
    return y, sum((sample[item] > 0).astype(float) for item in items)


def estimate(sample, of, inside, w, w0=None, columns=None, fraction=None, elements=False):
    """Value, variance, df and n of a share: PSU totals of weighted influences, residuals where there are columns."""
    y, x = fractions(sample, of)
    y, x = y * inside, x * inside
    total = (w * x).sum()
    value = (w * y).sum() / total
    z = (y - value * x) / total
    if columns is not None:
        root = np.sqrt(w0)
        slopes = np.linalg.lstsq(columns * root[:, None], z * root, rcond=None)[0]
        z = z - columns @ slopes
    psus = np.arange(len(w)).astype(str) if elements else sample["psu"]
    variance = 0.0
    for stratum in np.unique(sample["stratum"]):
        here = sample["stratum"] == stratum
        totals = np.array([(w * z)[here & (psus == psu)].sum() for psu in np.unique(psus[here])])
        f = (fraction or {}).get(stratum, 0.0)
        variance += (1 - f) * len(totals) / (len(totals) - 1) * ((totals - totals.mean()) ** 2).sum()
    counted = inside & ((x > 0) if of in CODES else True)  # R counts all rows of the domain for a ratio; n does not
    pairs = set(zip(sample["stratum"][counted], psus[counted], strict=True))
    return value, variance, len(pairs) - len({stratum for stratum, _ in pairs}), int((inside & (x > 0)).sum())


def indicators(sample, *columns):
    """0/1 columns of the crossed categories."""
    joined = np.array(["/".join(parts) for parts in zip(*(sample[c] for c in columns), strict=True)])
    return (joined[:, None] == np.unique(joined)[None, :]).astype(float)
