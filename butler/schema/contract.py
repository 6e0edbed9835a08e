"""What callers of functions and views rely on, frozen with each revision, and what would break it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from butler.schema.objects import sql_root

__all__ = ["Contract", "breaches", "broken_promises", "frozen_contract", "public_contract", "write_contract"]

Contract = dict[tuple[str, str], dict[str, Any]]
"""(object type, name) to the arguments and the result of a function, or the columns of a view or type."""

_FILE = "contract.json"


def public_contract(connection: Connection) -> Contract:
    """Read the contract of the base registry of a database.

    Raises
    ------
    ValueError
        If two functions share a name: a call could mean either.
    """
    listing = (sql_root() / "contract.sql").read_text(encoding="utf-8")
    connection.execute(text("SET LOCAL search_path = ''"))
    rows = connection.exec_driver_sql(listing.replace("%", "%%")).all()
    connection.execute(text("RESET search_path"))
    found: Contract = {}
    for object_type, name, signature in rows:
        if (object_type, name) in found:
            raise ValueError(f"there are two functions {name}: give one of them another name")
        found[object_type, name] = signature
    return found


def frozen_contract(revision: str) -> Contract:
    """Give the contract as it was at a revision."""
    rows = json.loads((sql_root() / "migrations" / "sql" / revision / _FILE).read_text(encoding="utf-8"))
    return {(object_type, name): signature for object_type, name, signature in rows}


def write_contract(revision: str, contract: Contract) -> None:
    """Freeze the contract with a revision."""
    rows = [[*key, signature] for key, signature in sorted(contract.items())]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
    folder = sql_root() / "migrations" / "sql" / revision
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def breaches(old: Contract, new: Contract) -> list[str]:
    """Say what a client made for an old contract would miss in a new one.

    What may be added: functions, views, columns of views, and arguments with
    defaults after those that there are. A default may be given to an
    argument that had none.

    Parameters
    ----------
    old, new : `dict`
        As of `public_contract` or `frozen_contract`.
    """
    return [
        f"{object_type} {name}: {problem}"
        for (object_type, name), then in sorted(old.items())
        for problem in _problems(object_type, then, new.get((object_type, name)))
    ]


def broken_promises(oldest_clients: Mapping[str, str]) -> list[str]:
    """Say what a client would miss in a database that says that it serves it.

    Parameters
    ----------
    oldest_clients : `dict` [`str`, `str`]
        By revision, the one that its clients must be made for at least.
    """
    return [
        f"revision {revision} serves clients of {client}, but {breach}"
        for revision, oldest in sorted(oldest_clients.items())
        for client in sorted(oldest_clients)
        if oldest <= client < revision
        for breach in breaches(frozen_contract(client), frozen_contract(revision))
    ]


def _problems(object_type: str, then: dict[str, Any], now: dict[str, Any] | None) -> Iterator[str]:
    if now is None:
        yield "is gone"
    elif object_type == "function":
        yield from _of_arguments(then["arguments"], now["arguments"])
        if then["result"] != now["result"]:
            yield f"gives {now['result']}, not {then['result']}"
    elif object_type == "type":
        # What a function gives is a row of it, whose columns are counted.
        if then != now:
            yield "has other columns"
    else:
        types = {column["name"]: column["type"] for column in now["columns"]}
        for column in then["columns"]:
            if column["name"] not in types:
                yield f"column {column['name']} is gone"
            elif types[column["name"]] != column["type"]:
                yield f"column {column['name']} is {types[column['name']]}, not {column['type']}"


def _of_arguments(then: list[dict[str, Any]], now: list[dict[str, Any]]) -> Iterator[str]:
    if len(now) < len(then):
        yield f"takes {len(now)} arguments, not {len(then)}"
    for old, new in zip(then, now, strict=False):
        if (old["name"], old["type"]) != (new["name"], new["type"]):
            yield f"takes {new['name']} {new['type']} in place of {old['name']} {old['type']}"
        elif old["default"] not in (None, new["default"]):
            yield f"{old['name']} is {new['default'] or 'required'} by default, not {old['default']}"
    for new in now[len(then) :]:
        if new["default"] is None:
            yield f"requires {new['name']}"
