"""What the demo shows beside its great number of kiosk answers: a few visits by every other way, and what people wrote.

The visits are of the open wave, so no released figure holds them; the comments are of the finished one, for only then
are they read. All are made up here, and go through the first door like anybody's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas import clock
from sipas.fieldwork.asking import AskingPoint, asking_at, asking_in
from sipas.fieldwork.models import Point
from sipas.fieldwork.points import add_point, set_invitation
from sipas.intake import Answers, Visit, anonymise, comment_of
from sipas.intake.record import record
from sipas.intake.redaction import redact
from sipas.intake.submission_keys import submission_key
from sipas.keyring import wave_keys
from surveys import Instrument, load


@dataclass(frozen=True)
class DemoPoint:
    """A point where people answer otherwise than at a kiosk, what its name says beside the office's (nothing where
    visitors read it), and how many visits it has."""

    code: str
    channel: str
    form: str
    name: str
    name_en: str
    visits: int
    invitation: str = "none"

    @property
    def unit(self) -> str:
        """The ward or commune that receives there."""
        return self.code.rpartition("-")[2]


PHONE = "phone-03646"  # a point for those who bring the code from a receipt
WAYS = (
    DemoPoint(PHONE, "phone", "short", "", "", 40, "required"),
    DemoPoint("web-03664", "web", "full", "", "", 30),
    DemoPoint("paper-03910", "paper", "full", "phiếu giấy", "paper forms", 30),
    DemoPoint("telephone-04204", "telephone", "short", "gọi điện thoại", "telephone calls", 30),
    DemoPoint("interview-04231", "interview", "full", "phỏng vấn", "interviews", 20),
)
SCREENS = (("kiosk-03646", "", 60), ("tthcc-so-tu-phap", "", 30), ("paper-03910", "import", 20))
"""Points that there are already, by which other channel their answers came ("": their own), and how many."""
LEVELS = (0.02, 0.05, 0.11, 0.42, 0.40)  # how many choose each level, worst first
SAID = (  # kiosk, service field, words; the sieve takes the number out of one of them
    ("kiosk-03646", "ho-tich", "Cán bộ hướng dẫn tận tình, làm giấy khai sinh cho cháu rất nhanh."),
    ("kiosk-03646", "chung-thuc", "Nên có thêm một quầy sao y, buổi sáng rất đông."),
    ("kiosk-03646", "dat-dai", "Hồ sơ đất đai phải đi lại ba lần mới đủ giấy tờ, mong được hướng dẫn một lần cho hết."),
    ("kiosk-03664", "ho-tich", "Phòng chờ sạch sẽ, có nước uống. Cảm ơn cán bộ."),
    ("kiosk-03664", "dat-dai", "Hẹn trả kết quả ngày 15 mà đến ngày 20 mới có. Số của tôi là 0912 345 678."),
    ("kiosk-03910", "ho-tich", "Ghế ngồi chờ còn ít, người già phải đứng."),
    ("kiosk-03910", "chung-thuc", "Bảng giá lệ phí treo cao quá, chữ nhỏ, khó đọc."),
    ("kiosk-03910", "bao-tro-xa-hoi", "Cán bộ nói tiếng Thái với mẹ tôi nên bà hiểu ngay."),
    ("kiosk-04204", "ho-tich", "Mọi thứ đều tốt."),
    ("kiosk-04204", "dat-dai", "Muốn nhận kết quả qua bưu điện vì nhà ở xa."),
    ("kiosk-04204", "chung-thuc", "Máy lấy số hỏng, mọi người chen nhau."),
    ("tthcc-so-tu-phap", "ly-lich-tu-phap", "Nộp trực tuyến được nhưng vẫn phải mang giấy tờ đến."),
)


def add_ways(session: Session) -> None:
    """The points of every other channel, at wards and communes whose kiosks there are; those that are there stay."""
    known = set(session.scalars(select(Point.code)))
    for way in WAYS:
        kiosk = session.scalars(select(Point).where(Point.code == f"kiosk-{way.unit}")).first()
        if kiosk is None or way.code in known:
            continue
        name, name_en = (
            ", ".join(filter(None, pair)) for pair in ((kiosk.name, way.name), (kiosk.name_en, way.name_en))
        )
        add_point(session, way.code, way.unit, name=name, name_en=name_en, channel=way.channel, form=way.form)
        if way.invitation != "none":
            set_invitation(session, way.code, way.invitation)


def answer_by_every_way(session: Session, home: Path, seed: int, today: dt.date) -> int:
    """Some visits of the last four weeks of the open wave, at screens and by every other channel; how many."""
    rng = np.random.default_rng(seed)
    known = set(session.scalars(select(Point.code)))
    ways = [(way.code, "", way.visits) for way in WAYS]
    stored = 0
    for code, channel, count in (*SCREENS, *ways):
        if code in known:
            asking = asking_at(session, code, today)
            for visit in _visits(rng, asking, channel, count, today):
                key = submission_key(wave_keys.load(home, visit.wave, "id"), rng.bytes(16).hex())
                row = anonymise(visit, key=key, cluster_key=wave_keys.load(home, visit.wave, "cluster"))
                stored += record(session.connection(), row)
    return stored


def _visits(rng: np.random.Generator, asking: AskingPoint, channel: str, count: int, today: dt.date) -> Iterator[Visit]:
    instrument = load(asking.wave.instrument, asking.wave.version)
    days = [day for day in (today - dt.timedelta(7 * weeks) for weeks in range(4)) if day >= asking.wave.opens_on]
    for number in range(count):
        codes = asking.codes(asking.services[int(rng.integers(len(asking.services)))][0].code, channel)
        moment = dt.datetime.combine(days[number % len(days)], dt.time(9), clock.ZONE)
        sex, age = (int(rng.integers(3)), int(rng.integers(5)))  # 0: not said
        yield Visit(asking.wave.code, codes, _answers(rng, instrument, asking.point.form), moment, "vi", sex, age)


def _answers(rng: np.random.Generator, instrument: Instrument, form: str) -> Answers:
    """Each question answered but one in twenty; one in three has feedback to speak of."""
    gave_feedback = rng.random() < 1 / 3
    said = {}
    for code in instrument.forms[form]:
        if instrument.item(code).kind == "choice":  # the gate of the feedback items
            said[code] = "yes" if gave_feedback else "no"
        elif rng.random() > 1 / 20:
            said[code] = str(1 + rng.choice(len(LEVELS), p=LEVELS))
    return Answers.of(instrument, form, said)


def write_comments(session: Session, home: Path, wave: str, first: dt.date) -> int:
    """What some visitors of the wave wrote, a week after the other from its first day on; how many comments."""
    id_key, written = wave_keys.load(home, wave, "id"), 0
    for number, (code, field, words) in enumerate(SAID):
        moment = dt.datetime.combine(first + dt.timedelta(weeks=number + 1), dt.time(9), clock.ZONE)
        codes = asking_in(session, code, wave, moment.date()).codes(field)
        row = comment_of(redact(words), codes, moment=moment, submission="", id_key=id_key)
        written += record(session.connection(), row)
    return written
