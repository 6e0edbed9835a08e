"""Classes whose parameters are their fields, as griffe knows it of dataclasses alone."""

from __future__ import annotations

from typing import Any

from griffe import Class, Extension, Function, Parameter, ParameterKind, Parameters

_BASES = {"NamedTuple", "Struct"}


class Records(Extension):
    """Gives a ``NamedTuple`` and a ``msgspec.Struct`` the ``__init__`` that they have when they run."""

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        """Make it of the fields."""
        bases = {str(base).rpartition(".")[2] for base in cls.bases}
        if not bases & _BASES or "__init__" in cls.members:
            return
        fields = [
            Parameter(
                name, annotation=each.annotation, kind=ParameterKind.positional_or_keyword, default=each.value
            )
            for name, each in cls.attributes.items()
            if each.annotation is not None
        ]
        cls.set_member("__init__", Function("__init__", parameters=Parameters(Parameter("self"), *fields)))
