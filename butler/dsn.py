"""Where a database is, as it may be shown."""

from __future__ import annotations

import re

__all__ = ["hidden", "without_password"]

_PASSWORD = re.compile(r"""(?i)(?<=://)([^:/@\s]*:)\S*(?=@)|(passw\w*\s*=\s*)('[^']*'|"[^"]*"|[^&\s]+)""")


def hidden(text: str) -> str:
    """Give a text with DSNs as it may be shown: without passwords."""
    return _PASSWORD.sub(r"\1\2***", text)


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
