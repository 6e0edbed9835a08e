"""Where a database is, as it may be shown."""

from __future__ import annotations

import re

__all__ = ["SECRETS", "hidden", "without_password"]

SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
"""Parameters of a DSN that nobody may see."""

_HIDDEN = "***"


def _in_any_spelling(word: str) -> str:
    """Match a word also where letters of it are percent-encoded, as libpq reads it."""
    return "".join(f"(?:{letter}|%{ord(letter):02x}|%{ord(letter.upper()):02x})" for letter in word)


_SIGNS = ("passw", "secret", "scram")
# Misspelt ones are secrets no less. Repetitions are bounded: a text of a megabyte is read in one go.
_NAME = re.compile(
    rf"(?i)(?:{'|'.join(map(_in_any_spelling, _SIGNS))})[\w%]{{0,64}}\s{{0,9}}=\s{{0,9}}"
    r"(?!\*\*\*(?:['\"&\s]|$))"
)
_IN_A_URL = re.compile(r"[?&][\w%]*$")
_WORD = re.compile(r"""'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|(?:\\.|\S)*""", re.DOTALL)
_PART_OF_A_URL = re.compile(r"[^&\s]*")
_REST_OF_A_PART = re.compile(r"[^&]*")

_URL = re.compile(r"\s*(?:--?[\w-]+=)?\w[\w+.-]*://")
_WITH_AT_SIGN = re.compile(r"\S+")
_USER = re.compile(r"(?<=://)[^:/@\s]*:|(?<![\w/.])[\w.+-]{1,64}:(?!//)")
# Nothing is wrong with a port after the only colon; a word there is a password that has lost its host.
_NO_PORT = re.compile(r"(?<=://)([^:/@\s\[\]]*:)(?!\d*(?:[,/?#'\"&)\s]|$)|\*\*\*)[^/?\s]*")


def hidden(text: str) -> str:
    """Give a text as it may be shown: without the passwords of DSNs, in whatever spelling.

    Parameters
    ----------
    text : `str`
        A DSN, as a URL or as ``key=value`` pairs; or words with DSNs among
        them. What may be part of a password is hidden, rather than shown.
    """
    is_url = _URL.match(text) is not None
    text = _without_values(text, is_url=is_url)
    text = _without_user(text) if is_url else _WITH_AT_SIGN.sub(lambda word: _without_user(word[0]), text)
    return _NO_PORT.sub(rf"\1{_HIDDEN}", text)


def _without_user(url: str) -> str:
    """Hide what is between a user and the last at-sign: a password may hold more, unless encoded."""
    before, sign, after = url.rpartition("@")
    user = _USER.search(before) if sign else None
    return f"{before[: user.end()]}{_HIDDEN}@{after}" if user else url


def _without_values(text: str, *, is_url: bool) -> str:
    """Hide the values of parameters that are secrets."""
    shown, at = [], 0
    while name := _NAME.search(text, at):
        if not _IN_A_URL.search(text[max(at, name.start() - 64) : name.start()]):
            value = _WORD
        else:
            value = _REST_OF_A_PART if is_url else _PART_OF_A_URL
        shown += [text[at : name.end()], _HIDDEN]
        found = value.match(text, name.end())
        at = found.end() if found else name.end()
    return "".join((*shown, text[at:]))


def without_password(dsn: str) -> tuple[str, dict[str, str]]:
    """Give a DSN for a program's command line, which every user of the computer can read.

    Returns
    -------
    url : `str`
        Without its password.
    environment : `dict`
        The password, if there is one, as PostgreSQL's programs look for it.
    """
    from sqlalchemy import make_url

    url = make_url(dsn)
    password = url.password or url.query.get("password")
    public = url._replace(drivername="postgresql", password=None).difference_update_query(["password"])
    return public.render_as_string(hide_password=False), {"PGPASSWORD": str(password)} if password else {}
