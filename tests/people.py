"""The people of the story: verbs over a browser without scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient


class _Form(HTMLParser):
    """What a browser would send: hidden fields and the choices that a page offers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.choices: dict[str, list[str]] = {}
        self.links: list[str] = []
        self.headings: list[str] = []
        self.has_post_form = False
        self._in_heading = False
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "input" and values.get("type") == "hidden":
            self.hidden[values["name"]] = values.get("value", "")
        elif tag == "input" and values.get("type") in ("radio", "checkbox") and "name" in values:
            self.choices.setdefault(values["name"], []).append(values["value"])
        elif tag == "a" and "start" in values.get("class", "").split():
            self.links.append(values["href"])
        elif tag == "form" and values.get("method", "").lower() == "post":
            self.has_post_form = True
        elif tag == "h1":
            self._in_heading = True
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_heading = self._in_heading and tag != "h1"

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.headings[-1] += data


@dataclass
class Visitor:
    """A citizen at a kiosk, who presses what she sees."""

    client: FlaskClient
    point: str
    language: str = "vi"
    headers: dict[str, str] = field(default_factory=dict)

    def opens_the_questionnaire(self) -> _Form:
        """From the first page by its own link."""
        first = _Form(self.client.get(f"/k/{self.point}", headers=self.headers).text)
        (address,) = [link for link in first.links if link.rstrip("/").endswith("/" + self.language)]
        self.address = address
        self.form = _Form(self.client.get(address, headers=self.headers).text)
        assert self.form.has_post_form
        self.said: dict[str, object] = dict(self.form.hidden)
        return self.form

    def answers(self, item: str, value: object) -> None:
        """Presses one of the answers that the page offers."""
        if item in self.form.choices and not isinstance(value, list):
            assert str(value) in self.form.choices[item], (item, value, self.form.choices[item])
        self.said[item] = value

    def answers_everything(self, level: int) -> None:
        """The same level everywhere, and the first service."""
        for name, values in self.form.choices.items():
            self.said[name] = str(level) if str(level) in values else values[0]

    def sends(self):
        """Presses the sending button; gives the reply before any redirect is followed."""
        return self.client.post(self.address, data=self.said, headers=self.headers)

    def reads(self, reply) -> _Form:
        """A page as it came."""
        return _Form(reply.text)

    def reads_thanks(self, reply) -> str:
        """Follows the redirect; gives the heading."""
        assert reply.status_code == 303, reply.text
        return _Form(self.client.get(reply.headers["Location"], headers=self.headers).text).headings[0]


def text_of(page: str) -> str:
    """A page's words without its tags and its style."""
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))
