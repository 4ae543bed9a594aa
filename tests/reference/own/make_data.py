"""The synthetic data of our own reference cases. Run once: python tests/reference/own/make_data.py

Samples made up from a seed: `clusters` (persons in PSUs in strata, two population counts, three waves, three
replicate weights that share nothing with the others' cases), `listed` (persons drawn from lists, one of them whole) and
`quarters` (a year of four waves in points and weeks, some labels of PSUs the same in several of them).
"""

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def answers(rng, latent, items, missing):
    """Levels 1..5 around each person's own leaning; some left out."""
    found = {}
    for place, item in enumerate(items):
        level = np.clip(np.round(3.6 + 0.3 * place + latent + rng.normal(0, 0.9, len(latent))), 1, 5).astype(int)
        found[item] = np.where(rng.random(len(latent)) < missing[place], "", level.astype(str))
    return found


def write(name, columns):
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(zip(*columns.values(), strict=True))


def clusters(rng):
    strata, psus, latent, sizes, counts = [], [], [], [], []
    for stratum, (sampled, whole) in enumerate([(4, 9), (2, 2), (5, 40), (3, 11), (6, 30)], start=1):
        for psu in range(1, sampled + 1):
            n = int(rng.integers(5, 16))
            strata += [stratum] * n
            psus += [psu] * n
            counts += [whole] * n
            sizes += [n + int(rng.integers(0, 60))] * n
            latent += list(rng.normal(0, 0.5) + rng.normal(0, 0.6, n))
    n = len(strata)
    latent = np.array(latent)
    return {
        "id": range(1, n + 1), "stratum": strata, "psu": psus, "M_h": counts, "N_j": sizes,
        "w": [f"{weight:.6f}" for weight in np.exp(rng.uniform(0, np.log(500), n))],
        "wave": rng.integers(1, 4, n), "sex": rng.choice(["F", "M"], n),
        "age": rng.choice(["18-34", "35-54", "55+"], n),
        "field": rng.choice(["civil", "land", "rare"], n, p=[0.55, 0.4, 0.05]), "visits": rng.integers(1, 7, n),
        **answers(rng, latent, ["q01", "q02", "q03", "q04"], [0.0, 0.1, 0.6, 0.05]),
    }  # fmt: skip


def listed(rng):
    stratum = np.repeat(["a", "b", "c", "d"], [40, 12, 25, 60])
    whole = np.repeat([400, 12, 31, 5000], [40, 12, 25, 60])
    n = len(stratum)
    latent = rng.normal(0, 0.7, n)
    data = {
        "id": range(1, n + 1), "stratum": stratum, "N_h": whole, "w": [f"{N / k:.6f}" for N, k in zip(
            whole, np.repeat([40, 12, 25, 60], [40, 12, 25, 60]), strict=True)],
        "field": rng.choice(["x", "y", "z"], n), **answers(rng, latent, ["q01", "q02", "q03"], [0.02, 0.2, 0.0]),
    }  # fmt: skip
    data["q03"] = np.where(data["field"] == "z", "5", data["q03"])
    return data


def quarters(rng):
    """Unit c is asked from the second quarter on, and unit a no more in the fourth; PSU labels begin anew each time."""
    units = {"a": (2, ["land", "civil", "welfare"]), "b": (1, ["land", "civil"]), "c": (2, ["civil", "licence"])}
    columns = {name: [] for name in ("quarter", "stratum", "psu", "unit", "field", "month")}
    latent = []
    for quarter in range(1, 5):
        for unit, (points, fields) in units.items():
            if (unit, quarter) in (("c", 1), ("a", 4)):
                continue
            for psu in range(points * int(rng.integers(4, 7))):
                n = int(rng.integers(6, 22))
                columns["quarter"] += [f"2026-{quarter}"] * n
                columns["stratum"] += [unit] * n
                columns["psu"] += [f"week {psu}"] * n
                columns["unit"] += ["d" if rng.random() < 0.2 else unit for _ in range(n)]
                columns["field"] += list(rng.choice(fields, n))
                columns["month"] += [f"2026-{3 * quarter - 2 + min(psu // 2, 2):02}"] * n
                latent += list(0.1 * quarter + rng.normal(0, 0.4) + rng.normal(0, 0.6, n))
    latent = np.array(latent)
    columns["field"] = ["all" if u == "d" else f for u, f in zip(columns["unit"], columns["field"], strict=True)]
    return {
        "id": range(1, len(latent) + 1), **columns,
        **answers(rng, latent, ["q01", "q02", "q03", "q04"], [0.0, 0.1, 0.5, 0.05]),
    }  # fmt: skip


def dossiers(rng, rows):
    """Of each unit, field and month some dossiers; of the even quarters the first month holds them all."""
    keys = sorted(set(zip(*(rows[name] for name in ("quarter", "unit", "field")), strict=True)))
    found = [
        (unit, field, f"2026-{3 * int(quarter[-1]) - 2 + month:02}", int(rng.integers(40, 900)))
        for quarter, unit, field in keys
        for month in range(3 if int(quarter[-1]) % 2 else 1)
    ]
    return dict(zip(("unit", "field", "month", "dossiers"), zip(*found, strict=True), strict=True))


if __name__ == "__main__":
    write("clusters.csv", clusters(np.random.default_rng(20261)))
    write("listed.csv", listed(np.random.default_rng(20262)))
    write("quarters.csv", year := quarters(np.random.default_rng(20263)))
    write("quarters_dossiers.csv", dossiers(np.random.default_rng(20264), year))
