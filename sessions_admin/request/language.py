"""In whose words and hours a page speaks: those of the person who is signed in."""

import zoneinfo
from typing import Any

from django.http import HttpRequest
from django.utils import timezone, translation


def speak_to_person(request: HttpRequest) -> None:
    """From here on their time zone and language; a visitor keeps the browser's language."""
    asker: Any = request
    if not asker.user.is_authenticated:
        return
    timezone.activate(zoneinfo.ZoneInfo(asker.user.time_zone))
    translation.activate(asker.user.language)
    asker.LANGUAGE_CODE = asker.user.language
