"""Which computer, boot and container this process runs in, and what its file systems are."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from butler.errors import ConfigError

__all__ = ["Host", "file_system_type", "refuse_network_file_system"]

# fmt: off
_NETWORK = frozenset({
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "fakeowner", "gfs", "gfs2", "glusterfs", "gpfs",
    "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "pvfs2", "smb3", "smbfs",
    "vboxsf", "virtiofs", "vmhgfs", "wekafs",
})
# fmt: on
_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs"})


@dataclass(frozen=True, slots=True)
class Host:
    """What tells one place where a server can run from another.

    Parameters
    ----------
    name : `str`
        For people.
    machine : `str`
        The same after a reboot; the name where the computer has no machine id.
    boot : `str`
        Of the running kernel: containers share it with their host.
    pid_namespace : `int`
        Its inode. Processes in another one can't be seen from here.
    """

    name: str
    machine: str
    boot: str
    pid_namespace: int

    @classmethod
    def current(cls) -> Host:
        """Describe where this process runs."""
        name = os.uname().nodename
        return cls(
            name=name,
            machine=_first_line("/etc/machine-id") or name,
            boot=_first_line("/proc/sys/kernel/random/boot_id"),
            pid_namespace=_inode("/proc/self/ns/pid"),
        )

    def is_another_computer_than(self, other: Host) -> bool:
        """Tell them apart: a reboot changes one of the two marks, a container has its host's boot."""
        return self.boot != other.boot and self.machine != other.machine


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text().partition("\n")[0].strip()
    except OSError:
        return ""


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def file_system_type(path: Path, mountinfo: str) -> str:
    """Find the type of the file system that holds a path.

    Parameters
    ----------
    path : `~pathlib.Path`
        Absolute, without symbolic links.
    mountinfo : `str`
        Text of ``/proc/self/mountinfo``.

    Returns
    -------
    type : `str`
        Such as ``ext4``; empty if no mount holds the path, as in a chroot.
    """
    found, depth = "", -1
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        mount = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields.split(" ")[4]))
        # A later mount on the same point hides the earlier one.
        if len(mount.parts) >= depth and path.is_relative_to(mount):
            found, depth = rest.split(" ")[0], len(mount.parts)
    return found


def refuse_network_file_system(path: Path) -> None:
    """Refuse a folder whose files another computer may change too.

    Raises
    ------
    ConfigError
        If it lies on one.
    """
    try:
        mountinfo = os.fsdecode(Path("/proc/self/mountinfo").read_bytes())
    except OSError:
        return
    found = file_system_type(path, mountinfo)
    if found in _NETWORK or (found.startswith("fuse.") and found not in _LOCAL_FUSE):
        raise ConfigError(
            f"{path} lies on a network file system ({found}), where two computers could open one database",
            hint="Create the repository on a local disk, or give --dsn of a database server.",
            details={"path": str(path), "file_system": found},
        )
