"""What the database says no with, and the exception that it becomes.

Dispatch is on SQLSTATE and constraint name, never on the wording of a message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import butler.errors as errors
from butler.errors import ButlerError

__all__ = ["BY_CONSTRAINT", "BY_SQLSTATE", "translated"]

BY_SQLSTATE: dict[str, type[ButlerError]] = {
    "UB101": errors.DatasetNotFoundError,
    "UB102": errors.DatasetTypeNotFoundError,
    "UB103": errors.CollectionNotFoundError,
    "UB104": errors.UnitNotFoundError,
    "UB201": errors.DatasetExistsError,
    "UB202": errors.DefinitionConflictError,
    "UB301": errors.InvalidDataIdError,
    "UB302": errors.AmbiguousDataIdError,
    "UB304": errors.InvalidRegionError,
    "UB305": errors.InvalidNameError,
    "UB401": errors.PermissionDeniedError,
    "UB402": errors.ArtifactMissingError,
    "UB601": errors.NotSupportedError,
    "UB602": errors.SchemaVersionError,
    "23502": errors.InvalidDataIdError,
    "42501": errors.PermissionDeniedError,
    "25006": errors.PermissionDeniedError,
    "3F000": errors.SchemaVersionError,
    "55000": errors.PermissionDeniedError,
    "53300": errors.DatabaseUnavailableError,
    "57P01": errors.DatabaseUnavailableError,
    "57P02": errors.DatabaseUnavailableError,
    "57P03": errors.DatabaseUnavailableError,
    "57P05": errors.DatabaseUnavailableError,
    "25P03": errors.DatabaseUnavailableError,
    "40001": errors.DatabaseError,
    "40P01": errors.DatabaseError,
    "55P03": errors.DatabaseError,
}

BY_CONSTRAINT: dict[str, type[ButlerError]] = {
    "ex_calibration_valid": errors.ValidityOverlapError,
    "fk_calibration_dataset": errors.DatasetNotFoundError,
    "fk_dataset_consumer_dataset": errors.DatasetNotFoundError,
    "fk_dataset_dataset_type": errors.InvalidDataIdError,
    "fk_dataset_run": errors.CollectionNotFoundError,
    "fk_dataset_tag_dataset": errors.DatasetNotFoundError,
    "fk_quantum_run": errors.CollectionNotFoundError,
    "fk_run_environment": errors.DatasetNotFoundError,
    "fk_run_pipeline": errors.DatasetNotFoundError,
    "pk_dataset": errors.DatasetExistsError,
    "uq_dataset_run_type_digest": errors.DatasetExistsError,
    "uq_dataset_tag_now": errors.DatasetExistsError,
}
"""Constraints whose exception isn't that of others with such a name."""

_BY_NAME: tuple[tuple[str, type[ButlerError]], ...] = (
    (r"ck_.*_(name|sensor_name|parts|storage_class)", errors.InvalidNameError),
    (r"ck_.*_(path|component|part)", errors.InvalidNameError),
    (r"ck_", errors.InvalidDataIdError),
    (r"fk_", errors.UnitNotFoundError),
    (r"(pk|uq|ex)_", errors.DefinitionConflictError),
)

_KEY_MISSING = re.compile(r'Key \((.+)\)=\((.+)\) is not present in table "(.+)"')


@contextmanager
def translated(malformed: type[ButlerError] = errors.ExpressionError) -> Iterator[None]:
    """Turn an error of the driver, SQLAlchemy's wrapping or not, into one of Butler's.

    Parameters
    ----------
    malformed : `type`
        What a value or a statement that the server can't read becomes: by
        default the statement is the user's.
    """
    from psycopg2 import Error

    try:
        yield
    except Exception as error:
        if isinstance(error, UnicodeEncodeError) or (type(error) is ValueError and "NUL" in str(error)):
            raise errors.InvalidNameError(
                f"a text can't be stored: {error}", hint="Take out what isn't a character."
            ) from error
        original = getattr(error, "orig", error)
        if not isinstance(original, Error):
            raise
        ours = _translate(original, malformed)
        # What the stored logic says no with is all there: the driver's error adds the text of functions.
        raise ours from (None if (original.pgcode or "").startswith("UB") else error)


def _translate(error: Any, malformed: type[ButlerError]) -> ButlerError:
    from psycopg2 import ProgrammingError

    code, diag = error.pgcode, getattr(error, "diag", None)
    message = (getattr(diag, "message_primary", None) or str(error)).strip()
    hint: str | None = (getattr(diag, "message_hint", None) or "").strip() or None
    details = _details(getattr(diag, "message_detail", None))
    constraint = getattr(diag, "constraint_name", None)
    if code in BY_SQLSTATE:
        return BY_SQLSTATE[code](message, hint=hint or _HINTS.get(code), details=details)
    if constraint:
        error_type = BY_CONSTRAINT.get(constraint) or next(
            (error_type for pattern, error_type in _BY_NAME if re.match(pattern, constraint)),
            errors.DatabaseError,
        )
        detail = getattr(diag, "message_detail", None) or ""
        if match := _KEY_MISSING.search(detail):
            message = f"no {match[3].replace('_', ' ')} with {match[1]} = {match[2]} in this registry"
            hint = hint or "Register it first."
        elif detail and not details:
            message = f"{message}: {detail[:300]}"
        hint = hint or f"The schema reference has the rule: {constraint}."
        return error_type(message, hint=hint, details={**details, "constraint": constraint})
    # The server didn't say no: it said nothing. Of a server that crashed the driver makes a plain Error.
    if code is None and not isinstance(error, ProgrammingError):
        return errors.DatabaseUnavailableError(
            f"the database can't be reached: {message}",
            hint="Start the server ('butler db start'), or correct the DSN ('butler config show').",
        )
    if code and code[:2] in ("42", "22"):
        return malformed(message, hint=hint, details={**details, "sqlstate": code})
    if code and code[:2] == "08":
        return errors.DatabaseUnavailableError(message, hint=hint, details=details)
    return errors.DatabaseError(message, hint=hint, details={**details, "sqlstate": code})


_HINTS = {
    "23502": "Give it a value.",
    "42501": "Ask for a role that may, or use the repository's own commands.",
    "25006": "A query reads; write through the registry's methods.",
    "25P03": "The transaction is undone: end it sooner.",
    "40001": "Others worked on the same rows, and nothing was changed: try again.",
    "40P01": "Others worked on the same rows, and nothing was changed: try again.",
    "55P03": "Others work on the same rows, and nothing was changed: try again later.",
    "55000": "A query reads; write through the registry's methods.",
    "3F000": "Make the schema: 'butler db init', or name the right registry in butler.yaml.",
}


def _details(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    if not isinstance(value, dict):
        return {}
    for row in value.get("rows", ()):
        if row.get("code") in BY_SQLSTATE:
            row["error"] = BY_SQLSTATE[row["code"]].__name__
    return value
