"""The demo's people: a simulated account for each role. They share one password; pages that ask for a code show it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from sipas.accounts import audit_log, directory, passwords, second_factor
from sipas.accounts.decisions import Decider
from sipas.accounts.roles import (
    ADMINISTRATOR,
    ANALYST,
    APPROVER,
    BUILDER,
    CLERK,
    COORDINATOR,
    LEADER,
    REVIEWER,
    WITHOUT_SECOND_FACTOR,
)
from sipas.accounts.store import store_of
from sipas.config.settings import Settings
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import Damaged, read_state, write_whole

WARD = "03646"  # Tô Hiệu, the clerk's unit


@dataclass(frozen=True)
class DemoOfficer:
    """One of them."""

    name: str
    person: str
    role: str

    @property
    def decides(self) -> Decider:
        """As releases name her."""
        return Decider(self.person, self.name)


OFFICERS = (
    DemoOfficer("quan-tri", "Quản trị viên (mô phỏng)", ADMINISTRATOR),
    DemoOfficer("dieu-phoi", "Điều phối viên (mô phỏng)", COORDINATOR),
    DemoOfficer("can-bo", "Cán bộ phường Tô Hiệu (mô phỏng)", CLERK),
    DemoOfficer("phan-tich", "Chuyên viên phân tích (mô phỏng)", ANALYST),
    DemoOfficer("nguoi-lap", "Người lập (mô phỏng)", BUILDER),
    DemoOfficer("ra-soat", "Người rà soát (mô phỏng)", REVIEWER),
    DemoOfficer("nguoi-duyet", "Người duyệt (mô phỏng)", APPROVER),
    DemoOfficer("lanh-dao", "Lãnh đạo (mô phỏng)", LEADER),
)


def demo_officer(role: str) -> DemoOfficer:
    """The one who holds a role."""
    return next(one for one in OFFICERS if one.role == role)


def password(home: Path) -> str:
    """The password that all of them have: made once, kept for the next start."""
    path = HomePaths(home).demo_password
    try:
        known = read_state(path, _whole, "")  # it is made anew
    except Damaged:
        known = None
    if known is None:
        known = passwords.generated()
        write_whole(path, known.encode())
    return known


def make_officers(settings: Settings, today: dt.date) -> None:
    """The accounts with the password of the file, as often as the demo is prepared."""
    home, word = settings.home, password(settings.home)
    store = store_of(home)
    store.begin()
    with store.reading() as session:
        known = {one.name for one in directory.listed(session)}
        ours = [directory.find(session, one.name) for one in OFFICERS if one.name in known]
        if len(ours) == len(OFFICERS) and passwords.is_right(ours[0].password, word):
            return
    stored = passwords.HASHER.hash(word)  # once: it takes 0.2 s
    with store.writing() as session:
        for one in OFFICERS:
            if one.name not in known:
                directory.add(
                    session,
                    one.name,
                    one.person,
                    [(one.role, WARD if one.role == CLERK else "")],
                    today,
                    stored,
                    must_change=False,
                )
            account = directory.find(session, one.name)
            account.password, account.is_simulated = stored, True
            if one.role not in WITHOUT_SECOND_FACTOR and account.second_factor is None:
                account.second_factor = second_factor.sealed(second_factor.new_key(), settings.secret("desk"))
        head = audit_log.add(session, "", "demo's accounts made")
    audit_log.keep_head(home, head)


def _whole(data: bytes) -> str:
    if len(data) != len(passwords.generated()):
        raise ValueError
    return data.decode()
