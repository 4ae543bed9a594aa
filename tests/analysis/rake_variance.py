"""Two variances of a raked share, held against what the share varies by: from the regression on all margins, and R's.

`python -m tests.analysis.rake_variance` prints the table of `analysis/README.md` (about two minutes).
"""

import numpy as np
import pyarrow as pa

from analysis import Codebook, Design, design_weights, estimate, rake, tabulate

PLANS = {  # strata, PSUs each, answers each, spread of log weights, association of two margins, slope on the margins
    "equal weights, 40 PSUs": (4, 10, 8, 0.0, 0.0, 1.5),
    "uneven weights, associated margins, 40 PSUs": (4, 10, 8, 0.5, 0.7, 1.5),
    "very uneven weights, 40 PSUs": (4, 10, 8, 1.0, 0.5, 1.5),
    "very uneven weights, 120 PSUs": (4, 30, 8, 1.0, 0.5, 1.5),
}


def one_sample(draw, plan):
    """The share and its two variances in one sample raked to three margins."""
    strata, psus, size, uneven, together, slope = plan
    psu = np.repeat(np.arange(strata * psus), size)
    stratum, n = psu // psus, len(psu)
    a = (draw.random(n) < 0.35 + 0.1 * (stratum % 2)).astype(int)
    b = np.where(draw.random(n) < together, a, draw.integers(0, 2, n))
    c = draw.integers(0, 3, n)
    lean = draw.normal(0, 0.3, strata * psus)[psu] + slope * (a - 0.4 + 0.7 * (b - 0.5) + 0.5 * (c - 1))
    w = np.exp(uneven * draw.normal(size=n)) * (1 + 2 * (stratum % 3 == 0)) * np.where(a == 1, 1, 1 + 2 * uneven)
    keys = {"s": stratum, "p": psu, "a": a, "b": b, "c": c}
    table = pa.table(
        {key: values.astype(str) for key, values in keys.items()}
        | {"w": np.round(w * 8) / 8 + 0.125, "q": np.where(lean + draw.normal(size=n) > -0.8, 5, 2)}
    )
    cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design("s", "p", "w"), keep=["a", "b", "c"])
    base = design_weights(cells)
    shares = {"a": {"0": 0.6, "1": 0.4}, "b": {"0": 0.5, "1": 0.5}, "c": dict.fromkeys("012", 1 / 3)}
    margins = {name: {key: share * base.total for key, share in of.items()} for name, of in shares.items()}
    ours, theirs = (estimate(cells, rake(base, margins, variance=each)) for each in ("residual", "sweeps"))
    return ours.value[0, 0], ours.variance[0, 0], theirs.variance[0, 0]


def compared(plan, samples, seed=3):
    """Mean over truth and root mean square relative error of both variances; how far apart their roots lie."""
    draw = np.random.default_rng(seed)
    value, ours, theirs = np.array([one_sample(draw, plan) for _ in range(samples)]).T
    true = value.var(ddof=1)
    errors = [float(np.sqrt(np.mean((each / true - 1) ** 2))) for each in (ours, theirs)]
    apart = np.abs(np.sqrt(theirs / ours) - 1)
    return ours.mean() / true, theirs.mean() / true, *errors, float(np.median(apart)), float(apart.max())


def report(samples=500):
    """The table of the README."""
    lines = [
        "| designs | mean over the true: ours | R's | error: ours | R's | standard errors apart: median | most |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, plan in PLANS.items():
        mean, other, error, others, median, most = compared(plan, samples)
        told = f"{mean:.2f} | {other:.2f} | {error:.2f} | {others:.2f} | {median:.1%} | {most:.0%}"
        lines.append(f"| {name} | {told} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(report())
