"""One page of help for each role: what she does here, step by step, in the words of the pages."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template

from sipas.accounts.roles import (
    ADMINISTRATOR,
    ANALYST,
    APPROVER,
    BUILDER,
    CLERK,
    COORDINATOR,
    LEADER,
    NAMES,
    REVIEWER,
    ROLES,
)
from sipas.desk.blueprint import desk, officer
from sipas.errors import N_

READ_RELEASE = N_(
    "Under “Waves and releases”, open the release. A draft says “not public”: what you see is what readers would see."
)
STEPS: dict[str, tuple[str, ...]] = {
    ADMINISTRATOR: (
        N_("Under “Accounts”, make an account for each person, with the roles that she needs and no more."),
        N_("Give her the first password by hand or by telephone. She makes her own when she signs in."),
        N_("Keep builder and approver apart: of one release they must be different accounts."),
        N_("For leave, name a deputy for some days. Whoever leaves is put to rest, never removed."),
        N_("Who lost password or phone gets a new first password. Call her back first: it must be she who asks."),
        N_("Look through the “Log” now and then, and print its head on the minutes of opening, freezing and release."),
    ),
    COORDINATOR: (
        N_("Under “Waves and releases”, see how far each wave is, and which points are silent. Ring there."),
        N_("Under “Kiosk screens”, make a code for a new screen, and revoke one that is lost or replaced."),
        N_("On the page of an open wave, print posters, and strips with codes for receipts."),
        N_("When a wave is frozen, read what people wrote."),
        N_("Opening, closing and freezing a wave is done at the server by its operator, on your word."),
    ),
    CLERK: (
        N_("You see your own unit and nothing of others."),
        N_("Under “Waves and releases”, see how many answers came at your points. Nobody sees a single answer."),
        N_("Print posters, and strips with codes for receipts, on the page of the open wave."),
        N_("Under “Kiosk screens”, make a code for a new screen, and revoke one that is lost."),
        N_("Let every visitor answer alone. Whoever stands beside her changes what she says."),
    ),
    ANALYST: (
        READ_RELEASE,
        N_("Each figure stands with its interval; where it rests on few people it is withheld."),
        N_("For more, `sipas manual analyst`: weights, comparisons, ranks and series, from the frozen file."),
    ),
    BUILDER: (
        N_("A draft is built at the server: sipas release build, with your account, password and code."),
        READ_RELEASE,
        N_("You cannot approve what you built, nor can a deputy's role change that."),
    ),
    REVIEWER: (
        READ_RELEASE,
        N_("Compare with the release before: what changed, and is it said to be more than chance?"),
        N_("Tell the approver what you found; she decides."),
    ),
    APPROVER: (
        READ_RELEASE,
        N_("Read the figures and their notes. What you approve is published to the byte."),
        N_("At the head of the draft, type the code of your phone and press “Approve”. It cannot be taken back."),
        N_("The release then names you and whoever built it, and the last entry of the log."),
    ),
    LEADER: (
        READ_RELEASE,
        N_("While a wave is open there is no score, for nobody: only counts of answers."),
    ),
}
EVERYBODY = (
    N_("Your account is yours alone: whatever is done with it stands in the log under your name."),
    N_("You are signed out after an hour without a page, and after eight hours. “Sign out” ends it at once."),
    N_("Behind your name at the top: choose another password, change the phone, sign out everywhere else."),
    N_("Lost your phone: a recovery code stands for it once. Without one, ask an administrator."),
)


@dataclass(frozen=True)
class RoleHelp:
    """One role's page."""

    code: str
    name: str
    what: str
    lines: tuple[str, ...]


@desk.get("/help")
def help_page() -> str:
    """The roles of whoever is signed in."""
    held = [RoleHelp(one, NAMES[one], ROLES[one], STEPS[one]) for one in ROLES if one in officer().roles]
    return render_template("desk/help.html", roles=held, everybody=EVERYBODY)
