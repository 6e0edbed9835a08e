"""A password is shown nowhere, however the DSN that holds it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butler.config import ConfigFile, Database, Dsns, RepositoryConfig
from butler.dsn import SECRETS, hidden
from butler.errors import ConfigError
from butler.registry.postgres.connections import Connections
from butler.registry.postgres.engine import open_engine

MARK = "zQ9"
"""In each part of a password, and nowhere else."""

# What may stand between marks: quotes, spaces, what ends a URL's part, what is encoded.
between = st.text(alphabet=" '\"\\@:/?&=#%,;[]ä\nab1", max_size=4)
passwords = st.lists(between, min_size=1, max_size=3).map(lambda parts: MARK + MARK.join(parts) + MARK)
names = st.sampled_from(SECRETS).flatmap(
    lambda name: st.lists(st.booleans(), min_size=len(name), max_size=len(name)).map(
        lambda coded: "".join(f"%{ord(c):02X}" if each else c for c, each in zip(name, coded, strict=True))
    )
)


def quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def escaped(value: str) -> str:
    return "".join(f"\\{c}" if c in "\\'\" \n" else c for c in value)


@given(password=passwords, name=names, other=passwords)
def test_a_url_shows_neither_its_users_password_nor_one_among_its_parameters(
    password: str, name: str, other: str
) -> None:
    for user, value in ((quote(password, safe=""), quote(other, safe="")), (password, quote(other, safe=""))):
        shown = hidden(
            f"postgresql://me:{user}@db.example.org:5432/survey?sslmode=require&{name}={value}&port=1"
        )
        assert MARK not in shown
        assert hidden(shown) == shown
        assert shown.startswith("postgresql://me:***@")


@given(name=names, value=passwords.filter(lambda text: "&" not in text))
def test_a_parameter_that_nobody_encoded_is_hidden_no_less(name: str, value: str) -> None:
    for url in (
        f"postgresql://me@db/survey?{name}={value}",
        f"--dsn=postgres://db:5432/?{name}={value}&port=1",
    ):
        assert MARK not in hidden(url)


@given(name=st.sampled_from(SECRETS), value=passwords, spell=st.sampled_from([quoted, escaped]))
def test_pairs_of_keys_and_values_show_none_of_it(name: str, value: str, spell: object) -> None:
    assert callable(spell)
    for equals in ("=", " = "):
        shown = hidden(f"host=db.example.org {name}{equals}{spell(value)} dbname=survey")
        assert MARK not in shown
        assert shown.startswith("host=db.example.org ")


@given(password=passwords.filter(lambda text: not set(text) & set(" \n")))
def test_neither_do_words_with_a_dsn_among_them(password: str) -> None:
    assert MARK not in hidden(f"the server of postgresql://me:{password}@db/survey doesn't answer")
    assert MARK not in hidden(f"dsn: me:{password}@db/survey is no URL")


@pytest.mark.parametrize(
    "harmless",
    [
        "postgresql://me@db.example.org:5432/survey?sslmode=verify-full&passfile=/home/me/.pgpass",
        "postgresql://[::1]:5432/survey",
        "postgresql://one:5432,two:5433/survey",
        "host=db port=5432 dbname=survey",
        "no flt with camera=ACS, visit=7 in ACS/raw",
        "calexp@{camera=ACS, visit=7} [u/me] 0192",
        "file:///data/a@b/c.fits",
        'password authentication failed for user "me"',
    ],
)
def test_what_holds_no_password_is_shown_as_it_is(harmless: str) -> None:
    assert hidden(harmless) == harmless


SECRET = f"postgresql://me:{MARK}@/survey?host=/nowhere&sslpassword={MARK}"


def test_what_holds_a_dsn_doesn_t_show_its_passwords_when_it_is_printed(tmp_path: Path) -> None:
    held = [
        RepositoryConfig(tmp_path, {"writer": SECRET}, replica=SECRET),
        ConfigFile(Database(Dsns(SECRET, SECRET, SECRET), SECRET)),
        ConfigFile(Database(SECRET)),
        open_engine(SECRET),
        open_engine(SECRET).url,
        Connections(SECRET),
    ]
    for each in held:
        assert MARK not in repr(each)
        assert MARK not in str(each)


def test_the_password_of_a_key_still_reaches_the_driver(database: Any) -> None:
    # Without TLS libpq keeps it for nothing, and tells it to whoever asks the connection.
    with open_engine(f"{database.dsn('reader')}&sslpassword={MARK}").connect() as connection:
        driver: Any = connection.connection.driver_connection
        assert "sslpassword" in driver.info.dsn_parameters or "sslpassword=xxx" in driver.dsn


def test_a_password_that_nobody_encoded_is_refused_without_a_word_of_it() -> None:
    for url in (f"postgresql://me:a@{MARK}@db/survey", f"postgresql://me:{MARK}/x@db/survey"):
        with pytest.raises(ConfigError) as caught:
            Connections(url)
        assert MARK not in str(caught.value)
