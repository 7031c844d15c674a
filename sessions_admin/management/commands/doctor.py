"""manage.py doctor: is this installation in order, and if not, what to do."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from sessions_admin.diagnosis import Finding, Level, examine

NAME_WIDTH = 13  # the longest name
LEVEL_WIDTH = len(Level.PROBLEM)


class Command(BaseCommand):
    help = "Checks the installation and says how to fix what is not in order. Exits 1 on problems."
    # They are one of the checks; a failing one must not silence the others.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_: object, **options: Any) -> None:
        findings = []
        for finding in examine():
            findings.append(finding)
            if not options["json"]:
                self.print_line(finding)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        if any(finding.level == Level.PROBLEM for finding in findings):
            raise SystemExit(1)

    def print_line(self, finding: Finding) -> None:
        paint = {
            Level.OK: self.style.SUCCESS,
            Level.WARNING: self.style.WARNING,
            Level.PROBLEM: self.style.ERROR,
        }[finding.level]
        level = paint(f"{finding.level:{LEVEL_WIDTH}}")
        fix = f" {finding.fix}" if finding.fix else ""
        self.stdout.write(f"{level}  {finding.name:{NAME_WIDTH}}  {finding.message}{fix}")
