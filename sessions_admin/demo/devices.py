"""What the demo's people sign in with: user agents as they are in the wild."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sessions_admin.vocabulary import Kind

# Chrome, Edge and Firefox bring out a version every four weeks; these came out about here.
RELEASE_DATE = datetime(2025, 11, 4, tzinfo=UTC)
CHROME_THEN, FIREFOX_THEN = 142, 145
RELEASE_EVERY = timedelta(weeks=4)


@dataclass(frozen=True, slots=True)
class Device:
    """A user agent with the browser's version left open, and how common it is."""

    agent: str
    weight: int
    kind: Kind = Kind.BROWSER
    mobile: bool = False

    def user_agent(self, at: datetime) -> str:
        """As it was at that time: browsers keep themselves up to date."""
        releases = (at - RELEASE_DATE) // RELEASE_EVERY
        return self.agent.replace("{chrome}", str(CHROME_THEN + releases)).replace(
            "{firefox}", str(FIREFOX_THEN + releases)
        )


_GECKO = "rv:{firefox}.0) Gecko/20100101 Firefox/{firefox}.0"
_BLINK = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0"
_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_LINUX = "Mozilla/5.0 (X11; Linux x86_64"
_ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS"
_IPAD = "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X)"

CHROME_WINDOWS = Device(f"{_WINDOWS}) {_BLINK} Safari/537.36", 16)
EDGE_WINDOWS = Device(f"{_WINDOWS}) {_BLINK} Safari/537.36 Edg/{{chrome}}.0.0.0", 10)
FIREFOX_WINDOWS = Device(f"{_WINDOWS}; {_GECKO}", 7)
CHROME_MAC = Device(f"{_MAC} {_BLINK} Safari/537.36", 12)
SAFARI_MAC = Device(f"{_MAC} {_WEBKIT} Version/26.4 Safari/605.1.15", 9)
FIREFOX_MAC = Device(f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; {_GECKO}", 4)
CHROME_LINUX = Device(f"{_LINUX}) {_BLINK} Safari/537.36", 4)
FIREFOX_LINUX = Device(f"{_LINUX}; {_GECKO}", 5)
CHROMEBOOK = Device(f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_BLINK} Safari/537.36", 2)
SAFARI_IPHONE = Device(
    f"{_IPHONE} 18_7 like Mac OS X) {_WEBKIT} Version/26.4 Mobile/15E148 Safari/604.1",
    14, mobile=True,
)  # fmt: skip
CHROME_IPHONE = Device(
    f"{_IPHONE} 26_4 like Mac OS X) {_WEBKIT} CriOS/{{chrome}}.0.7444.77 Mobile/15E148 "
    "Safari/604.1", 4, mobile=True,
)  # fmt: skip
CHROME_ANDROID = Device(f"{_ANDROID} {_BLINK} Mobile Safari/537.36", 11, mobile=True)
SAMSUNG = Device(
    f"{_ANDROID} AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 "
    "Mobile Safari/537.36", 4, mobile=True,
)  # fmt: skip
FIREFOX_ANDROID = Device(
    "Mozilla/5.0 (Android 16; Mobile; rv:{firefox}.0) Gecko/{firefox}.0 Firefox/{firefox}.0",
    2, mobile=True,
)  # fmt: skip
IPAD = Device(f"{_IPAD} {_WEBKIT} Version/26.4 Mobile/15E148 Safari/604.1", 5, mobile=True)
ANDROID_TABLET = Device(
    f"Mozilla/5.0 (Linux; Android 15; SM-X710) {_BLINK} Safari/537.36", 2, mobile=True
)
ANDROID_APP = Device("okhttp/5.1.0", 4, Kind.APP, mobile=True)
IPHONE_APP = Device("AcmeMobile/4.12 CFNetwork/3826.600.41 Darwin/24.6.0", 3, Kind.APP, mobile=True)
CURL = Device("curl/8.14.1", 1, Kind.APP)

DEVICES = (
    CHROME_WINDOWS, EDGE_WINDOWS, FIREFOX_WINDOWS, CHROME_MAC, SAFARI_MAC, FIREFOX_MAC,
    CHROME_LINUX, FIREFOX_LINUX, CHROMEBOOK, SAFARI_IPHONE, CHROME_IPHONE, CHROME_ANDROID,
    SAMSUNG, FIREFOX_ANDROID, IPAD, ANDROID_TABLET, ANDROID_APP, IPHONE_APP, CURL,
)  # fmt: skip
# What guesses passwords.
GUESSING_AGENTS = (
    "python-requests/2.32.5",
    "Go-http-client/1.1",
    f"{_LINUX}) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
    "curl/7.88.1",
)


def some_devices(count: int, rng: random.Random) -> tuple[Device, ...]:
    """Different ones, the common ones more often."""
    # Efraimidis and Spirakis: the highest of u^(1/weight) are a weighted sample.
    shuffled = sorted(DEVICES, key=lambda device: -(rng.random() ** (1 / device.weight)))
    return tuple(shuffled[:count])
