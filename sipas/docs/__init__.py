"""Manuals in English, in Vietnamese below `vi`, and the list of licences."""

from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = ("operator", "invitations", "kiosk-install", "analyst", "estimate")


def manual(name: str, language: str) -> Path:
    """Where a manual lies in this language.

    >>> manual("operator", "vi").parts[-3:]
    ('docs', 'vi', 'operator.md')
    """
    return FOLDER / (language if language == "vi" else "") / f"{name}.md"
