"""By which browsers the demo's people are known, and what was new at each sign-in."""

from __future__ import annotations

import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sessions_admin.demo.devices import Device
from sessions_admin.demo.diary import DAYS, Diary
from sessions_admin.models import KnownDevice, LoginAttempt
from sessions_admin.suspicious.seen import ACCESS
from sessions_admin.vocabulary import Kind, LoginOutcome, Novelty

# The first weeks of the story are no news: what people had before it is not told.
NEWS_AFTER = timedelta(days=20)


@dataclass(slots=True)
class Habits:
    """What is known of a person so far."""

    devices: dict[Device, KnownDevice] = field(default_factory=dict)
    countries: set[str] = field(default_factory=set)
    networks: set[int | None] = field(default_factory=set)

    def news_in(self, device: Device, access: dict[str, Any]) -> frozenset[Novelty]:
        found = {
            Novelty.DEVICE: device not in self.devices,
            Novelty.COUNTRY: access["country_code"] not in self.countries,
            Novelty.NETWORK: access["asn"] not in self.networks,
        }
        return frozenset(novelty for novelty, is_new in found.items() if is_new)

    def learn(self, device: Device, attempt: LoginAttempt, access: dict[str, Any]) -> None:
        self.countries.add(access["country_code"])
        self.networks.add(access["asn"])
        known = self.devices.setdefault(
            device,
            KnownDevice(
                user=attempt.user, browser_hash=secrets.token_bytes(32),
                first_seen_at=attempt.at,
            ),
        )  # fmt: skip
        known.last_seen_at = attempt.at
        for name, value in access.items():
            setattr(known, name, value)


def recognise(diary: Diary) -> list[KnownDevice]:
    """Tells every session and sign-in what was new in it; the devices that are known by now."""
    known: dict[Any, Habits] = defaultdict(Habits)
    begins = diary.now - timedelta(days=DAYS) + NEWS_AFTER
    came = [one for one in diary.attempts if one.outcome == LoginOutcome.SUCCEEDED]
    for attempt in sorted(came, key=lambda one: one.at):
        session, habits = attempt.session, known[attempt.user_id]
        if session is None or session.kind != Kind.BROWSER:
            continue
        device = diary.devices[session.pk]
        access = {name: getattr(attempt, name) for name in ACCESS}
        if attempt.at > begins and habits.devices:
            session.novelty = attempt.novelty = habits.news_in(device, access)
        habits.learn(device, attempt, access)
        session.known_device = habits.devices[device]
    return [device for habits in known.values() for device in habits.devices.values()]
