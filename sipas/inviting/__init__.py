"""Inviting people: codes for receipts, posters and the strips that are handed out with a receipt."""

from sipas.inviting.book import (
    Batch,
    CodeExpired,
    Invited,
    Issued,
    UnknownInvitation,
    batches,
    expire,
    has_invitations,
    invited,
    issue,
)

__all__ = [
    "Batch",
    "CodeExpired",
    "Invited",
    "Issued",
    "UnknownInvitation",
    "batches",
    "expire",
    "has_invitations",
    "invited",
    "issue",
]
