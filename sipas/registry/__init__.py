"""Whom we ask about: units, services and who is responsible for what, each with the dates it holds for."""
