"""Who listens on a port, in words that help to end it."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from local.checkout import Checkout
from local.errors import CheckoutError
from local.record import Run

_UNSEEN = "a process that this user may not see"


def owner(port: int) -> str:
    """Say which process listens on the port, and where it works, as far as this user may know."""
    return next((_describe(process) for process in _listeners(port)), _UNSEEN)


def _describe(process: psutil.Process) -> str:
    try:
        name, where = process.name(), Path(process.cwd())
    except psutil.NoSuchProcess:
        return "a process that has just ended"
    except psutil.AccessDenied:
        return f"process {process.pid} of another user"
    return _of_a_checkout(process.pid, where) or f"{name} (process {process.pid}, in {where})"


def _of_a_checkout(pid: int, where: Path) -> str:
    """Describe a process of another `:local`, which may have a child that listens for it."""
    try:
        checkout = Checkout.find(where)
    except CheckoutError:
        return ""
    run = checkout.record().load()
    name = _name_in(run, pid) if run is not None else ""
    return f"another checkout's :local, in {checkout.root} ({name}, process {pid})" if name else ""


def _name_in(run: Run, pid: int) -> str:
    names = {entry.pid: entry.name for entry in run.entries if entry.owns_group()}
    if run.alive():
        names[run.pid] = "developer"
    return names.get(pid) or names.get(_group(pid), "")


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return pid


def _listeners(port: int) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:
            continue
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
            yield process
