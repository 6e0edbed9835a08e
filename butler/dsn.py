"""Where a database is, as it may be shown."""

from __future__ import annotations

from sqlalchemy import make_url

__all__ = ["hidden", "without_password"]

_SECRETS = ("password", "sslpassword")


def hidden(dsn: str) -> str:
    """Give a DSN as it may be shown: without its password."""
    url = make_url(dsn)
    shown = url.set(query={name: "***" if name in _SECRETS else text for name, text in url.query.items()})
    return str(shown.render_as_string(hide_password=True))


def without_password(dsn: str) -> tuple[str, dict[str, str]]:
    """Give a DSN for a program's command line, which every user of the computer can read.

    Returns
    -------
    url : `str`
        Without its password.
    environment : `dict`
        The password, if there is one, as PostgreSQL's programs look for it.
    """
    url = make_url(dsn)
    password = url.password or url.query.get("password")
    public = url._replace(drivername="postgresql", password=None).difference_update_query(["password"])
    return public.render_as_string(hide_password=False), {"PGPASSWORD": str(password)} if password else {}
