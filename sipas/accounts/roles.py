"""The roles of the desk, and who holds them on a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.accounts.models import Account, Deputy, RoleGrant
from sipas.errors import N_

ADMINISTRATOR, COORDINATOR, CLERK, ANALYST = "administrator", "coordinator", "clerk", "analyst"
BUILDER, REVIEWER, APPROVER, LEADER = "builder", "reviewer", "approver", "leader"

ROLES = {
    ADMINISTRATOR: N_("administrator: accounts, roles and the log"),
    COORDINATOR: N_("coordinator: plans, waves, receiving points and counts of the whole province"),
    CLERK: N_("clerk: receiving points, printed matter and progress of one unit"),
    ANALYST: N_("analyst: figures and exports"),
    BUILDER: N_("builder: makes drafts of releases"),
    REVIEWER: N_("reviewer: reads drafts before they are approved"),
    APPROVER: N_("approver: approves drafts that others built"),
    LEADER: N_("leader: reads releases"),
}
"""Role -> what it is for."""

NAMES = {
    ADMINISTRATOR: N_("administrator"),
    COORDINATOR: N_("coordinator"),
    CLERK: N_("clerk"),
    ANALYST: N_("analyst"),
    BUILDER: N_("builder"),
    REVIEWER: N_("reviewer"),
    APPROVER: N_("approver"),
    LEADER: N_("leader"),
}

WITHOUT_SECOND_FACTOR = frozenset({CLERK, LEADER})  # whoever holds no other role may go without


@dataclass(frozen=True)
class Holder:
    """An account with the roles that it holds on a day, its own and as a deputy."""

    name: str
    person: str
    roles: frozenset[str]
    units: frozenset[str]  # of which it is a clerk
    is_simulated: bool = False
    has_second_factor: bool = False

    @property
    def lacks_second_factor(self) -> bool:
        """Whether it holds a role for which a password alone is too little, and has not set up more."""
        return self.needs_second_factor and not self.has_second_factor

    @property
    def needs_second_factor(self) -> bool:
        """Whether a password alone does not let it in."""
        return not self.roles <= WITHOUT_SECOND_FACTOR


def holder(session: Session, account: Account, day: dt.date) -> Holder:
    """What the account may be on that day. A deputy holds the roles of whoever is on leave, and remains one person."""
    away = select(Deputy.account).where(Deputy.deputy == account.name, Deputy.first_day <= day, Deputy.last_day >= day)
    absent = [
        one.name
        for one in session.scalars(select(Account).where(Account.name.in_(away), Account.is_active))
        if one.is_simulated == account.is_simulated
    ]
    grants = session.scalars(
        select(RoleGrant).where((RoleGrant.account == account.name) | RoleGrant.account.in_(absent))
    ).all()
    return Holder(
        account.name,
        account.person,
        frozenset(one.role for one in grants),
        frozenset(one.unit for one in grants if one.role == CLERK),
        account.is_simulated,
        account.second_factor is not None,
    )
