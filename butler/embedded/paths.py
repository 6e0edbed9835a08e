"""Where a server's files lie: its data, its socket, and why there."""

from __future__ import annotations

import os
import pwd
import re
import stat
from pathlib import Path

from butler.embedded.account import Account
from butler.errors import ConfigError, PermissionDeniedError

__all__ = ["choose_folder", "make_private_folders", "make_socket_dir", "run_root", "state_root"]

# PostgreSQL cuts paths at 1024 bytes, and adds to them; pg_ctl hands them to a shell within quotes.
_LONGEST = 800
_UNSAFE = re.compile(r'["$`\\\x00-\x1f\x7f]')


def state_root(owner: int) -> Path:
    """Name the folder for the data of repositories that can't hold them themselves."""
    if owner == 0:
        return Path("/var/lib/butler")
    default = Path(pwd.getpwuid(owner).pw_dir, ".local/state")
    return Path(os.environ.get("XDG_STATE_HOME") or default).absolute() / "butler"


def run_root(owner: int) -> Path:
    """Name the folder for an OS user's sockets: short, and the same in every session."""
    return Path("/run/butler") if owner == 0 else Path(f"/tmp/butler-{owner}")


def choose_folder(home: Path, token: str, account: Account) -> Path | None:
    """Make the server's folders, in the repository if they can be there.

    Parameters
    ----------
    home : `~pathlib.Path`
        The server's folder in the repository.
    token : `str`
        Ends the name of the folder that is made outside it if they can't.
    account : `~butler.embedded.account.Account`
        As whom the server runs.

    Returns
    -------
    external : `~pathlib.Path` or `None`
        The folder if it was made outside, else `None`.

    Raises
    ------
    ConfigError
        If neither will do.
    """
    if make_private_folders(home, account):
        return None
    root = state_root(os.geteuid())
    root.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.-]+", "_", home.parent.name, flags=re.ASCII)[:40]
    folder = root / f"{name}-{token}"
    folder.mkdir()
    folder.chmod(0o755)
    if make_private_folders(folder, account):
        return folder
    folder.rmdir()
    raise ConfigError(
        f"user {account.name!r} can't keep a database below {home}, nor below {root}",
        hint="Create the repository on a local disk, in a folder that this user may enter.",
        details={"user": account.name, "tried": [str(home), str(root)]},
    )


def make_private_folders(parent: Path, account: Account) -> bool:
    """Make the server's own folders, ``data`` and ``log``, or nothing if it couldn't use them."""
    if len(os.fsencode(parent)) > _LONGEST or _UNSAFE.search(str(parent)):
        return False
    folders = [parent / "data", parent / "log"]
    for folder in folders:
        folder.mkdir()
    if all(_is_private(folder, account) for folder in folders):
        return True
    for folder in folders:
        folder.rmdir()
    return False


def _is_private(folder: Path, account: Account) -> bool:
    try:
        os.chown(folder, account.uid, account.gid)
        folder.chmod(0o700)
    except PermissionError:
        return False
    kept = folder.stat()
    if kept.st_uid != account.uid or stat.S_IMODE(kept.st_mode) != 0o700:
        return False
    # Asked of the kernel as that user: mode bits alone don't tell, there are ACLs too.
    return account.run(["test", "-w", f"{folder}/."]).returncode == 0


def make_socket_dir(path: Path, *, account: Account, group: int, share: bool) -> None:
    """Make the folder of a server's socket.

    Parameters
    ----------
    path : `~pathlib.Path`
        Below `run_root`.
    account : `~butler.embedded.account.Account`
        As whom the server runs.
    group : `int`
        Group id of the OS user who made the repository, who may come in.
    share : `bool`
        Whether every OS user may.

    Raises
    ------
    PermissionDeniedError
        If somebody else has made the folder above it, and could put another
        server's socket there.
    """
    root = path.parent
    root.mkdir(exist_ok=True)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionDeniedError(
            f"{root} isn't a folder of user id {os.geteuid()} but of {found.st_uid}",
            hint=f"Have its owner or root remove {root}.",
        )
    root.chmod(0o711)
    path.mkdir(exist_ok=True)
    os.chown(path, account.uid, group)
    path.chmod(0o711 if share else 0o710)
