"""A network and mount namespace for the whole test process: port 53, packet capture and small file systems belong to
the tests alone, and nothing they do reaches the machine's own network."""
import ctypes
import os
import subprocess

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
MS_REC_PRIVATE = 0x4000 | 0x40000

_libc = ctypes.CDLL(None, use_errno=True)


def _unshare(flags):
    if _libc.unshare(flags) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _become_root_inside(uid, gid):
    with open("/proc/self/setgroups", "w") as file:
        file.write("deny")
    with open("/proc/self/uid_map", "w") as file:
        file.write(f"0 {uid} 1")
    with open("/proc/self/gid_map", "w") as file:
        file.write(f"0 {gid} 1")


def enter_network():
    """Moves this process into a network of its own, before any thread starts. Returns why it could not, or None."""
    uid, gid = os.getuid(), os.getgid()
    try:
        if uid == 0:
            _unshare(CLONE_NEWNET)
        else:
            _unshare(CLONE_NEWUSER | CLONE_NEWNET)
            _become_root_inside(uid, gid)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True, env=dict(os.environ, PATH="/usr/sbin:/sbin:/bin"))
    except (OSError, subprocess.CalledProcessError) as error:
        return str(error)
    return None


def enter_mounts():
    """Lets this process mount what nobody else sees. Returns why it cannot, or None."""
    try:
        _unshare(CLONE_NEWNS)
    except OSError as error:
        return str(error)
    return None if _libc.mount(b"none", b"/", None, MS_REC_PRIVATE, None) == 0 else "mounts cannot be made private"


def mount_tmpfs(path, size):
    """A file system of `size` octets at `path`, for tests of a full disk."""
    options = f"size={size}".encode()
    if _libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, options) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def unmount(path):
    _libc.umount2(os.fsencode(path), 2)
