"""Enrolled devices: which screen may work without the line at which point.

An officer makes a code that serves once and for a day; the device makes a key pair that it cannot give away, and sends
the public half with the code. The key signs what the device sends and opens nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sipas import clock
from sipas.errors import N_, SipasError
from sipas.fieldwork.models import ON_SCREENS, Device, EnrolCode, Point
from sipas.fieldwork.points import point
from sipas.i18n.code_labels import Code

LETTERS = "ABCDEFGHKMNPQRSTUVWXYZ23456789"  # none that can be taken for another
LIFETIME = 24 * 3600  # seconds for which a code can be used
QUIET = 3  # days without a word after which somebody should look
KEY_LENGTH = 65  # of an uncompressed point of P-256


class NotEnrolled(SipasError):
    """A code, key or signature that does not hold."""

    status = 403


@dataclass(frozen=True)
class Enrolled:
    """A device with the point at which it stands."""

    device: Device
    point: Point


def make_code(session: Session, point_code: str, now: dt.datetime) -> str:
    """A code for one device at the point of a kiosk or of interviews; only its hash is kept.

    Raises UnknownPoint or NotEnrolled.
    """
    place = point(session, point_code)
    if place.channel not in ON_SCREENS:
        raise NotEnrolled(
            N_("Point {point} is no kiosk but {channel}; only a kiosk's or an interviewer's screen can be enrolled."),
            point=place.code,
            channel=Code("channel", place.channel),
        )
    code = "".join(secrets.choice(LETTERS) for _ in range(8))
    session.execute(delete(EnrolCode).where(EnrolCode.expires < now.timestamp()))
    session.add(EnrolCode(hash=_hash(code), point=place.id, expires=int(now.timestamp()) + LIFETIME, device=""))
    return f"{code[:4]}-{code[4:]}"


def _hash(code: str) -> bytes:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(b"sipas enrol " + plain.encode()).digest()


def enrol(session: Session, point_code: str, code: str, key: bytes, now: dt.datetime) -> Device:
    """The device that gave this code and public key; the same pair again gives the same device (its reply was lost)."""
    place = point(session, point_code)
    known = session.get(EnrolCode, _hash(code))
    if known is None or known.point != place.id or known.expires < now.timestamp():
        raise NotEnrolled(N_("This code does not hold here (any more). Please have a new one made at the desk."))
    _public_key(key)
    if known.device:
        earlier = session.get(Device, known.device)
        if earlier is not None and earlier.key == key:
            return earlier
        raise NotEnrolled(N_("This code was used already. Please have a new one made at the desk."))
    device = Device(id=secrets.token_hex(16), point=place.id, key=key, enrolled=clock.month_of(now))
    known.device = device.id
    session.add(device)
    session.flush()
    return device


def _public_key(key: bytes) -> ec.EllipticCurvePublicKey:
    try:
        if len(key) == KEY_LENGTH:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    except ValueError:
        pass
    raise NotEnrolled(N_("The device sent no usable key. Please update its browser."))


def device_at(session: Session, point_code: str, device_id: str, signature: bytes, signed: bytes) -> Device:
    """The device that signed these bytes; raises NotEnrolled where it is unknown, revoked, or did not sign them."""
    device = session.get(Device, device_id)
    if device is None or device.point != point(session, point_code).id:
        raise NotEnrolled(N_("This device is not enrolled at this point."))
    if device.revoked:
        raise NotEnrolled(N_("This device was revoked."))
    try:
        if len(signature) != 64:
            raise InvalidSignature
        pair = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        _public_key(device.key).verify(encode_dss_signature(*pair), signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        raise NotEnrolled(N_("This message was not signed by the device that it names.")) from None
    return device


def devices(session: Session) -> list[Enrolled]:
    """Every device, point by point, the newest of a point last."""
    rows = session.execute(select(Device, Point).join(Point, Point.id == Device.point))
    return sorted((Enrolled(*row) for row in rows), key=lambda one: (one.point.id, one.device.enrolled, one.device.id))


def revoke(session: Session, device_id: str) -> Device:
    """From now on nothing is taken from this device; the start of its id is enough where it is the only such."""
    found = [one.device for one in devices(session) if one.device.id.startswith(device_id)] if device_id else []
    if len(found) != 1:
        raise NotEnrolled(
            N_("There are {count} devices whose id starts with “{device}”; `sipas device list` shows them all."),
            count=len(found),
            device=device_id,
        )
    found[0].revoked = True
    return found[0]


def enrolled_key_gone(session: Session, key: bytes, code: str = "") -> None:
    """Forgets the devices of that public key, and the codes with which they enrolled, as if they had never been: for a
    probe, which is no screen. `code` is one that nobody may have used."""
    gone = list(session.scalars(select(Device.id).where(Device.key == key)))
    session.execute(delete(EnrolCode).where(EnrolCode.device.in_(gone) | (EnrolCode.hash == _hash(code))))
    session.execute(delete(Device).where(Device.id.in_(gone)))


def missing_messages(device: Device) -> int:
    """How many sealed messages the device made that neither came here nor wait on it, at its last contact."""
    return max(0, device.made - device.settled - device.waiting)


def is_quiet(device: Device, today: dt.date) -> bool:
    """Whether it was not heard of for some days, though a device says a word on every day that it is on."""
    heard = device.last_contact
    return not device.revoked and (heard is None or (today - heard).days >= QUIET)
