"""Babel catalogs: `messages` (the interface, written in English) and `instruments` (questionnaires, in Vietnamese)."""

from pathlib import Path

FOLDER = Path(__file__).parent
