"""Who may do what: one row for each address and each command. What has no row is refused; a test walks both lists.

A row names roles, each with its scope: ALL, or UNIT (a clerk sees the units that she belongs to, and nothing of
others). ANYBODY needs no account; OPERATOR is whoever has a shell on the server, who decides for nobody: what decides
names roles, and asks for the account's password and second factor at the command line too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sipas.accounts.roles import (
    ADMINISTRATOR,
    ANALYST,
    APPROVER,
    BUILDER,
    CLERK,
    COORDINATOR,
    LEADER,
    REVIEWER,
    ROLES,
    Holder,
)

ALL, UNIT, LOGGED = "all", "unit", "logged"
ANYBODY, OPERATOR = "anybody", "operator"

Row = Mapping[str, str]

PUBLIC: Row = {ANYBODY: ALL}
EVERY_ROLE: Row = {role: UNIT if role == CLERK else ALL for role in ROLES}
FIELDWORK: Row = {COORDINATOR: ALL, CLERK: UNIT}
FIGURES: Row = dict.fromkeys((ANALYST, BUILDER, REVIEWER, APPROVER, LEADER), ALL)
ACCOUNTS: Row = {ADMINISTRATOR: ALL}
READS: Row = {OPERATOR: ALL}
OPERATES: Row = {OPERATOR: LOGGED}  # begin and outcome stand in the log
BUILDS: Row = {BUILDER: ALL}
APPROVES: Row = {APPROVER: ALL}
COORDINATES: Row = {COORDINATOR: ALL}  # two of them, where two people must say it

ADDRESSES: dict[str, Row] = {
    "front.first": PUBLIC,
    "front.health": PUBLIC,
    "front.ready": PUBLIC,
    "static": PUBLIC,
    "kiosk.device": PUBLIC,
    "kiosk.enrol": PUBLIC,
    "kiosk.late": PUBLIC,
    "kiosk.privacy": PUBLIC,
    "kiosk.questionnaire": PUBLIC,
    "kiosk.sealed": PUBLIC,
    "kiosk.send": PUBLIC,
    "kiosk.service_worker": PUBLIC,
    "kiosk.start": PUBLIC,
    "kiosk.stop": PUBLIC,
    "kiosk.thanks": PUBLIC,
    "kiosk.to_device": PUBLIC,
    "phone.entry": PUBLIC,
    "phone.find": PUBLIC,
    "phone.late": PUBLIC,
    "phone.privacy": PUBLIC,
    "phone.questionnaire": PUBLIC,
    "phone.send": PUBLIC,
    "phone.start": PUBLIC,
    "phone.stop": PUBLIC,
    "phone.thanks": PUBLIC,
    "results.file": PUBLIC,
    "results.method": PUBLIC,
    "results.province": PUBLIC,
    "results.release": PUBLIC,
    "results.service": PUBLIC,
    "results.unit": PUBLIC,
    "results.with_a_slash": PUBLIC,
    "desk.sign_in": PUBLIC,
    "desk.let_in": PUBLIC,
    "desk.first_administrator": PUBLIC,  # asks for the desk's former password, and only while there is no account
    "desk.make_first_administrator": PUBLIC,
    "desk.overview": EVERY_ROLE,
    "desk.with_a_slash": EVERY_ROLE,
    "desk.second_step": EVERY_ROLE,
    "desk.take_second_step": EVERY_ROLE,
    "desk.own_password": EVERY_ROLE,
    "desk.take_own_password": EVERY_ROLE,
    "desk.authenticator": EVERY_ROLE,
    "desk.take_authenticator": EVERY_ROLE,
    "desk.account": EVERY_ROLE,
    "desk.end_other_sessions": EVERY_ROLE,
    "desk.sign_out": EVERY_ROLE,
    "desk.new_codes": EVERY_ROLE,
    "desk.help_page": EVERY_ROLE,
    "desk.wave": EVERY_ROLE,
    "desk.comments": COORDINATES,
    "desk.release": FIGURES,
    "desk.approve_release": APPROVES,
    "desk.screens": FIELDWORK,
    "desk.enrol_code": FIELDWORK,
    "desk.revoke": FIELDWORK,
    "desk.strips": FIELDWORK,
    "desk.poster": FIELDWORK,
    "desk.languages": COORDINATES,
    "desk.language": COORDINATES,
    "desk.people": ACCOUNTS,
    "desk.add_person": ACCOUNTS,
    "desk.person": ACCOUNTS,
    "desk.change_roles": ACCOUNTS,
    "desk.rest_person": ACCOUNTS,
    "desk.reset_person": ACCOUNTS,
    "desk.add_deputy": ACCOUNTS,
    "desk.end_deputy": ACCOUNTS,
    "desk.log": ACCOUNTS,
    "desk.log_file": ACCOUNTS,
}
"""Endpoint of the web application -> who may."""

COMMANDS: dict[str, Row] = {
    "demo": READS,
    "init": READS,
    "config list": READS,
    "config set": OPERATES,
    "config unset": OPERATES,
    "migrate": OPERATES,
    "serve": READS,
    "doctor": READS,
    "probe": READS,
    "maintain": READS,  # the nights would fill the log
    "backup": READS,
    "restore": READS,  # notes itself once the log that is to stay is there
    "service install": READS,
    "registry clear": OPERATES,
    "registry close": OPERATES,
    "registry list": READS,
    "registry load": OPERATES,
    "registry remove": OPERATES,
    "registry rename": OPERATES,
    "registry template": READS,
    "point add": OPERATES,
    "point close": OPERATES,
    "point list": READS,
    "point poster": READS,
    "point set": OPERATES,
    "invitations issue": OPERATES,
    "invitations list": READS,
    "invitations sheet": READS,
    "keypair": READS,
    "device enrol-code": OPERATES,
    "device list": READS,
    "device revoke": OPERATES,
    "wave close": OPERATES,
    "wave drop": OPERATES,
    "wave key-copy": OPERATES,
    "wave key-renew": COORDINATES,
    "wave key-restore": OPERATES,
    "wave list": READS,
    "wave open": OPERATES,
    "wave stop-destruction": COORDINATES,
    "frame form": OPERATES,
    "frame load": OPERATES,
    "frame save": READS,
    "frame template": READS,
    "instrument list": READS,
    "instrument show": READS,
    "instrument wording export": READS,
    "instrument wording import": OPERATES,
    "responses export": OPERATES,
    "responses import": OPERATES,
    "responses take-back": COORDINATES,
    "responses template": READS,
    "comments export": OPERATES,
    "comments list": OPERATES,
    "freeze": OPERATES,
    "freeze --keys-lost": COORDINATES,
    "estimate": READS,
    "compare": READS,
    "rank": READS,
    "trend": READS,
    "selection": READS,
    "quality": READS,
    "improve": READS,
    "small-areas": READS,
    "onestop points": READS,
    "onestop template": READS,
    "sample allocate": READS,
    "sample change": READS,
    "sample draw": READS,
    "sample reference": READS,
    "sample size": READS,
    "release adopt": OPERATES,
    "release approve": APPROVES,
    "release build": BUILDS,
    "release list": READS,
    "release publish": OPERATES,
    "user add": READS,  # accounts log their own deeds, in one transaction with them
    "user list": READS,
    "user roles": READS,
    "user rename": READS,
    "user rest": READS,
    "user return": READS,
    "user reset": READS,
    "user deputy": READS,
    "log list": READS,
    "log save": READS,
    "log head": READS,
    "log restored": READS,
    "words collect": READS,
    "words missing": READS,
    "manual": READS,
}
"""Command of `sipas` -> who may."""

PERMISSIONS: dict[str, Row] = ADDRESSES | COMMANDS


@dataclass(frozen=True)
class Scope:
    """What of the province somebody may see: all of it, or some units."""

    units: frozenset[str] | None  # None: all

    def covers(self, unit: str) -> bool:
        """Whether this unit may be seen.

        >>> Scope(frozenset({"03646"})).covers("03664"), Scope(None).covers("03664")
        (False, True)
        """
        return self.units is None or unit in self.units


def scope(who: Holder, what: str) -> Scope | None:
    """What `who` may see of an address, or decide by a command; None: nothing, also where it has no row."""
    row = PERMISSIONS.get(what, {})
    if any(row.get(role) == ALL for role in who.roles):
        return Scope(None)
    if any(row.get(role) == UNIT for role in who.roles):
        return Scope(who.units)
    return None


def is_public(what: str) -> bool:
    """Whether an address needs no account."""
    return ANYBODY in PERMISSIONS.get(what, {})
