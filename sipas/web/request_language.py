"""Ties catalogs and the province's name to requests and templates: the path names the language, or `?lang=` does;
Vietnamese is the default. At the very first address, which names nothing, the reader's browser is asked."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.routing import BaseConverter, ValidationError

from sipas import i18n
from sipas.i18n import code_labels, fallback_marking
from sipas.i18n.languages import KNOWN
from sipas.registry.province import ProvinceName, is_city
from sipas.registry.whose_survey import own_survey
from sipas.web.installation import installation

FIRST = "front.first"  # `/`


class LanguageConverter(BaseConverter):
    """The part of an address that names a language we know of."""

    def to_python(self, value: str) -> str:
        if value not in KNOWN:
            raise ValidationError
        return value


def province_of_request() -> ProvinceName:
    """Whose pages these are, by the registry of today; without a name where it does not say."""
    ours = installation()
    return ours.province.on(ours.today())


def province_name() -> str:
    """The province as somebody who asks."""
    return province_of_request().called(i18n.language()) or i18n._("The province")


def province_place(unknown: str | None = None) -> str:
    """The province as a place."""
    return province_of_request().short(i18n.language()) or (i18n._("the province") if unknown is None else unknown)


def whose_survey() -> str:
    """Whose survey these pages are about, before the province's name."""
    return i18n._(own_survey(province_of_request().name))


def in_a_city() -> bool:
    """Whether these pages are a city's."""
    return is_city(province_of_request().name)


def _of_the_browser() -> str:
    """What the browser asks for at `/`; elsewhere Vietnamese, so that an address means the same page for everybody."""
    if request.endpoint != FIRST:
        return "vi"
    return request.accept_languages.best_match(list(i18n.LANGUAGES), "vi") or "vi"


def install(app: Flask) -> None:
    """Templates get `_`, `{% trans %}`, number formats, and the names of the province and of all languages."""
    app.url_map.converters["language"] = LanguageConverter
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: i18n.catalog(i18n.language(), "messages").gettext(text) if text else "",
        lambda one, many, n: i18n.catalog(i18n.language(), "messages").ngettext(one, many, n),
        newstyle=True,
    )
    app.jinja_env.globals.update(languages=i18n.LANGUAGES, language=i18n.language)
    app.jinja_env.globals.update(province_name=province_name, province_place=province_place, in_a_city=in_a_city)
    app.jinja_env.globals.update(whose_survey=whose_survey)
    app.jinja_env.filters.update(
        number=i18n.number,
        percent=i18n.percent,
        date=i18n.date,
        month=i18n.month,
        say=i18n.say,
        say_whose=fallback_marking.say_whose,
        word=lambda code, kind: code_labels.word(kind, code),
    )

    @app.before_request
    def choose_language() -> None:
        named = (request.view_args or {}).get("language")
        code = named or request.args.get("lang") or _of_the_browser()
        i18n.speak(code if named or code in i18n.LANGUAGES or request.blueprint == "phone" else "vi")

    @app.teardown_request
    def forget_language(_error: BaseException | None) -> None:
        i18n.hush()
