"""Ties the catalogs to requests and templates: `?lang=` chooses, Vietnamese is the default."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.routing import BaseConverter, ValidationError

from sipas import i18n, i18n_borrowed, i18n_codes


class LanguageConverter(BaseConverter):
    """The part of an address that names a language we know of."""

    def to_python(self, value: str) -> str:
        if value not in i18n.KNOWN:
            raise ValidationError
        return value


def install(app: Flask) -> None:
    """Templates get `_`, `{% trans %}`, number formats, and the names of all languages."""
    app.url_map.converters["language"] = LanguageConverter
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: i18n.catalog(i18n.language(), "messages").gettext(text) if text else "",
        lambda one, many, n: i18n.catalog(i18n.language(), "messages").ngettext(one, many, n),
        newstyle=True,
    )
    app.jinja_env.globals.update(languages=i18n.LANGUAGES, language=i18n.language)
    app.jinja_env.filters.update(
        number=i18n.number,
        percent=i18n.percent,
        date=i18n.date,
        month=i18n.month,
        say=i18n.say,
        say_whose=i18n_borrowed.say_whose,
        word=lambda code, kind: i18n_codes.word(kind, code),
    )

    @app.before_request
    def choose_language() -> None:
        code = request.args.get("lang", "vi")
        i18n.speak(code if code in i18n.LANGUAGES or request.blueprint == "phone" else "vi")

    @app.teardown_request
    def forget_language(_error: BaseException | None) -> None:
        i18n.hush()
