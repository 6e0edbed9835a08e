"""Methods that hand on to another object which an object has."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

__all__ = ["delegate"]

P = ParamSpec("P")
T = TypeVar("T")


def delegate(attribute: str, method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """Make a method that calls that of an attribute, with its signature and docstring.

    Parameters
    ----------
    attribute : `str`
        Name of what is handed on to.
    method : `~collections.abc.Callable`
        What is called there; one that the attribute's class overrides is
        called as overridden.
    """
    name = method.__name__

    @wraps(method)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = getattr(getattr(self, attribute), name)(*args, **kwargs)
        return result

    return call
