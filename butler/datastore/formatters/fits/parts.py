"""HDUs by their names: what the parts of a FITS file are called."""

from __future__ import annotations

from collections.abc import Sequence

from butler.datastore.formatters.fits.file import Hdu
from butler.errors import FormatError, nearest

__all__ = ["extension_version", "hdu_number"]


def extension_version(hdu: Hdu) -> str:
    """Give ``EXTVER``, which is 1 where a header lacks it."""
    return str(hdu.header.get("EXTVER", 1)).strip()


def hdu_number(hdus: Sequence[Hdu], part: str, shown: str) -> int:
    """Find the HDU that a part names.

    Parameters
    ----------
    hdus : `~collections.abc.Sequence` [`Hdu`]
        Those of the file.
    part : `str`
        A number, 0 for the primary one; ``EXTNAME``; or ``EXTNAME,EXTVER``. Case doesn't count.
    shown : `str`
        The file as the user knows it.

    Raises
    ------
    FormatError
        If there is none, or more than one.
    """
    if part.isascii() and part.isdigit():
        if int(part) < len(hdus):
            return int(part)
        raise _none(part, shown, [str(number) for number in range(len(hdus))], f"it has {len(hdus)}")
    wanted = part.strip().upper()
    named = [number for number, hdu in enumerate(hdus) if hdu.name == wanted]
    name, comma, version = wanted.rpartition(",")
    if not named and comma:
        name, version = name.strip(), version.strip()
        named = [n for n, hdu in enumerate(hdus) if hdu.name == name and extension_version(hdu) == version]
    if len(named) == 1:
        return named[0]
    if named:
        raise FormatError(
            f"{shown!r} has {len(named)} HDUs {part!r}",
            hint=f"Give one by its EXTVER, or by its number: {', '.join(map(str, named))}.",
            details={"file": shown, "part": part, "numbers": named},
        )
    names = [f"{hdu.name},{extension_version(hdu)}" if comma and hdu.name else hdu.name for hdu in hdus]
    raise _none(part, shown, names, "none is called that")


def _none(part: str, shown: str, names: Sequence[str], why: str) -> FormatError:
    numbers: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        if name:
            numbers.setdefault(name, []).append(number)
    hint = nearest(part, numbers)
    for name, of in numbers.items():
        if len(of) > 1 and repr(name) in hint:
            hint += f" {name!r} are HDUs {', '.join(map(str, of))}: give one by its number."
    return FormatError(
        f"{shown!r} has no HDU {part!r}: {why}", hint=hint, details={"file": shown, "part": part}
    )
