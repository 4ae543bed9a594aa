"""Certificates for HTTPS: whether key and certificate fit, and how long they hold. docs/kiosk-install.md makes them."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from sipas.errors import N_, NotReady


@dataclass(frozen=True)
class Certificate:
    """What matters of a certificate to those who keep it."""

    names: tuple[str, ...]
    ends: dt.datetime


def read_certificate(certificate: Path) -> Certificate:
    """The first certificate of a PEM file; raises NotReady where there is none."""
    return _what_matters(_load(certificate))


def shown_at(address: str, seconds: float = 10.0) -> Certificate:
    """The certificate that a server shows at `address` (https://…), whoever signed it and whenever it ended; raises
    OSError where none answers."""
    place = urlsplit(address)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is looked at, and nothing is sent
    with (
        socket.create_connection((place.hostname or "", place.port or 443), seconds) as line,
        context.wrap_socket(line, server_hostname=place.hostname) as met,
    ):
        return _what_matters(x509.load_der_x509_certificate(met.getpeercert(binary_form=True) or b""))


def _what_matters(found: x509.Certificate) -> Certificate:
    try:
        others = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(
            map(str, (*others.get_values_for_type(x509.DNSName), *others.get_values_for_type(x509.IPAddress)))
        )
    except x509.ExtensionNotFound:
        names = ()
    return Certificate(names, found.not_valid_after_utc)


def check_pair(certificate: Path, key: Path) -> None:
    """Raises NotReady, with the reason, where a server could not use the two."""
    found = _load(certificate)
    try:
        private = load_pem_private_key(key.read_bytes(), None)
    except (ValueError, TypeError):
        raise NotReady(N_("{file} holds no private key that can be read without a password."), file=key.name) from None
    shape = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*shape) != found.public_key().public_bytes(*shape):
        raise NotReady(N_("{key} is not the key of {file}."), key=key.name, file=certificate.name)
    if not read_certificate(certificate).names:
        raise NotReady(
            N_("{file} names no address (subjectAltName); browsers refuse it. See `sipas manual kiosk-install`."),
            file=certificate.name,
        )


def check_authority(certificate: Path) -> None:
    """Raises NotReady where a file is not what lets a program know the servers of an authority."""
    try:
        text = certificate.read_bytes()
    except OSError as error:
        raise NotReady(
            N_("The authority's certificate {file} cannot be read: {reason}."),
            file=certificate,
            reason=error.strerror or str(error),
        ) from None
    if b"PRIVATE KEY" in text:
        raise NotReady(
            N_("{file} holds a private key; give the authority's certificate alone, and lock its key away."),
            file=certificate.name,
        )
    found = _load(certificate)
    try:
        is_authority = found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    if not is_authority:
        raise NotReady(
            N_("{file} is no authority's certificate but a server's; give the authority's, such as ca.pem."),
            file=certificate.name,
        )


def trusting(authority: Path | None) -> ssl.SSLContext:
    """How a command knows servers over HTTPS: by the authorities of the system, and the office's own where one is
    set. Raises NotReady where its certificate cannot be used."""
    context = ssl.create_default_context()
    if authority is not None:
        check_authority(authority)
        context.load_verify_locations(authority)
    return context


def _load(certificate: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes())
    except ValueError:
        raise NotReady(N_("{file} holds no certificate (PEM)."), file=certificate.name) from None
