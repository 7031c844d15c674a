"""What a check found, in words for whoever runs the portal."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome. `fix` says what to do, and is empty only when all is in order."""

    name: str
    level: Level
    message: str
    fix: str = ""


def ok(name: str, message: str) -> Finding:
    return Finding(name, Level.OK, message)


def warning(name: str, message: str, *, fix: str) -> Finding:
    return Finding(name, Level.WARNING, message, fix)


def problem(name: str, message: str, *, fix: str) -> Finding:
    return Finding(name, Level.PROBLEM, message, fix)
