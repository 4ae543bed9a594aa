"""Releases for tests of pages: a made-up province protected by the real second door, written as a published folder."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.disclosure.policy import Policy
from analysis.disclosure.safe_table import SafeTable
from analysis.disclosure.suppress import suppress
from sipas.publishing.page import render

UNITS = (
    ("tthcc", "Trung tâm Phục vụ hành chính công tỉnh", "Provincial Public Administration Service Centre", "centre"),
    ("so-tu-phap", "Sở Tư pháp", "Department of Justice", "department"),
    ("03646", "Phường Tô Hiệu", "Tô Hiệu ward", "ward"),
    ("03664", "Phường Chiềng An", "Chiềng An ward", "ward"),
    ("03688", "Xã Mường Chiên", "Mường Chiên commune", "commune"),
    ("04240", "Xã Mường Lèo", "Mường Lèo commune", "commune"),
    ("04246", "Xã Mường Lạn", "Mường Lạn commune", "commune"),
)
SERVICES = (("ho-tich", "Hộ tịch", "Civil status"), ("dat-dai", "Đất đai", "Land"), ("y-te", "Y tế", "Health"))
FACTORS = (("B1", "Tiếp cận dịch vụ", "Access"), ("B5", "Tiếp nhận góp ý, phản ánh, kiến nghị", "Feedback"))
ITEMS = (
    ("O", "Lần làm thủ tục này nói chung", "This visit as a whole", None),
    ("B1.1", "Biển chỉ dẫn dễ thấy, dễ tìm", "Signs are easy to see", "B1"),
    ("B1.2", "Đủ ghế ngồi chờ và bàn để viết", "Enough seats and desks", "B1"),
    ("B5.1", "Có cách thuận tiện để góp ý", "A convenient way to give feedback", "B5"),
    ("B5.2", "Cơ quan thông báo kịp thời kết quả xử lý", "The office tells the outcome in time", "B5"),
)

Counts = dict[tuple[str, str], int]  # (unit, field) -> people


def a_release(
    home: Path,
    code: str = "2026-1-r1",
    *,
    units: Sequence[tuple[str, str, str, str]] = UNITS,
    services: Sequence[tuple[str, str, str]] = SERVICES,
    factors: Sequence[tuple[str, str, str]] = FACTORS,
    items: Sequence[tuple[str, str, str, str | None]] = ITEMS,
    people: Mapping[tuple[str, str], int] | None = None,
    lift: Mapping[str, float] | None = None,
    secret: float | None = None,
    seed: int = 1,
    shelf: str = "releases",
    **changes: Any,
) -> Path:
    """A folder on the shelf (or among `drafts`); `people` fixes how many answered in a unit and service field, `lift`
    how much more of them are satisfied in a field.

    `secret` is the share that every figure which the second door withholds had, so that a test can look for it.
    """
    rng = random.Random(seed)
    counts = {
        (unit[0], field[0]): rng.choice((40, 120, 400)) for unit in units for field in services
    } | dict(people or {})  # fmt: skip
    records = list(_records(rng, counts, [one[0] for one in factors], items, lift or {}))
    parts = {factor[0]: [item[0] for item in items if item[3] == factor[0]] for factor in factors}
    table = suppress(records, Policy(), parts=parts, source="5" * 64)
    if secret is not None:
        for record, row in zip(records, table.records(), strict=True):
            if row["withheld"]:
                record |= dict.fromkeys(("estimate", "low", "high", "se"), secret)
        table = suppress(records, Policy(), parts=parts, source="5" * 64)
    manifest = a_manifest(code, units, services, factors, items, sum(counts.values())) | changes
    folder = home / shelf / code
    write(folder, manifest, table)
    return folder


def a_manifest(code, units, services, factors, items, responses) -> dict[str, Any]:
    """What `release.json` says, of the policy by which the table is made."""
    policy = Policy()
    return {
        "format": "sipas-release 1",
        "release": code,
        "province": "Sơn La",
        "wave": {
            "code": code.rpartition("-")[0],
            "title": "Sáu tháng đầu năm 2026",
            "opens_on": "2026-01-01",
            "closes_on": "2026-06-30",
            "simulated": True,
        },
        "instrument": {
            "code": "service-2024",
            "version": 1,
            "title": "Khảo sát mức độ hài lòng về dịch vụ hành chính công",
            "basis": "Quyết định 1001/QĐ-BNV ngày 11/12/2023, khía cạnh B",
            "factors": [{"code": c, "text": t, "text_en": e} for c, t, e in factors],
            "items": [{"code": c, "text": t, "text_en": e, "factor": f} for c, t, e, f in items],
        },
        "units": [{"code": c, "name": n, "name_en": e, "kind": k} for c, n, e, k in units],
        "services": [{"code": c, "name": n, "name_en": e} for c, n, e in services],
        "responses": responses,
        "weighted": True,
        "frame": {
            "dossiers": 1_012_345,
            "months": [f"2026-0{month}" for month in range(1, 7)],
            "sources": ["Mô phỏng / simulated"],
        },
        "rule": {"name": "sipas-top2", "version": "1"},
        "method": {
            "version": "sipas-method 2",
            "interval": "wilson_shared_2",
            "level": 0.95,
            "variance": "linearised",
            "weights": {
                "kish": 812.4,
                "smallest": 1.25,
                "largest": 40.5,
                "population_uncovered": 17.0,
                "merged_classes": 1,
            },
        },
        "policy": {"name": policy.name, "version": policy.version, "minimum": policy.minimum},
        "snapshot": "5" * 64,
        "built_by": "Lò Thị Mai",
        "built_on": "2026-07-08",
        "approved_by": "Nguyễn Văn An",
        "approved_on": "2026-07-14",
        "published_on": "2026-07-15",
        "notes": [],
    }


def write(folder: Path, manifest: dict[str, Any], table: SafeTable) -> None:
    """Manifest, table, CSV, the folder's own pages, and the list of digests over all of them."""
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    (folder / "estimates.json").write_text(table.to_json(), encoding="utf-8")
    with (folder / "estimates.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["unit", "field", "of", "withheld", "estimate"])
        for row in table.records():
            domain = row["domain"]
            rows.writerow([domain.get("unit"), domain.get("field"), row["of"], row["withheld"], row["estimate"]])
    for language, name in (("vi", "index.html"), ("en", "index.en.html")):
        (folder / name).write_text(render(manifest, table, language), encoding="utf-8")
    names = sorted(path.name for path in folder.iterdir())
    sums = (f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


def _records(
    rng: random.Random, counts: Mapping[tuple[str, str], int], factors, items, lift: Mapping[str, float]
) -> Iterator[dict[str, Any]]:
    """Families {}, unit, field, unit x field; each measure's counts add up over them, as real ones do."""
    effect = {unit: rng.gauss(0, 0.04) for unit, _ in counts}
    for of, of_items in [(i[0], 1) for i in items] + [(f, 2) for f in factors] + [("overall", len(items) - 1)]:
        level = {"B5": 0.79, "O": 0.87}.get(of[:2], 0.82 + rng.random() * 0.06)
        sums: dict[tuple[tuple[str, str], ...], list[float]] = {(): [0, 0]}
        for (unit, field), n in counts.items():
            share = min(0.97, max(0.3, level + effect[unit] + lift.get(field, 0) + rng.gauss(0, 0.02)))
            yes = sum(rng.random() < share for _ in range(n))
            for domain in ((), (("unit", unit),), (("field", field),), (("field", field), ("unit", unit))):
                total = sums.setdefault(domain, [0, 0])
                total[0] += n
                total[1] += yes
        for domain, (n, yes) in sums.items():
            yield _record(dict(domain), of, int(n), yes, int(n) * of_items)


def _record(domain: dict[str, str], of: str, n: int, yes: float, answers: int) -> dict[str, Any]:
    row: dict[str, Any] = {"domain": domain, "of": of, "n": n, "answers": answers}
    if not n:
        none = ("estimate", "se", "df", "deff", "low", "high", "method", "level", "reliability")
        return row | dict.fromkeys(none) | {"flags": ["no answers"]}
    share, deff = yes / n, 1.6
    size = n / deff
    centre = (share + 1.92 / size) / (1 + 3.84 / size)
    reach = 1.96 / (1 + 3.84 / size) * (share * (1 - share) / size + 0.96 / size**2 / 1) ** 0.5
    width = 2 * reach
    reliability = "hidden" if size < 30 else "note" if width / max(1 - share, 1e-9) > 1.3 else "shown"
    if reliability == "shown" and n < 70:
        reliability = "review"
    return row | {
        "estimate": share, "se": (share * (1 - share) / size) ** 0.5, "df": 5.0 if n < 70 else 40.0, "deff": deff,
        "low": max(0.0, centre - reach), "high": min(1.0, centre + reach), "method": "wilson_shared", "level": 0.95,
        "reliability": reliability, "flags": [],
    }  # fmt: skip
