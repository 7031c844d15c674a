"""What a user agent says it is: “Firefox 145”, “Linux”, a desktop. It may lie; it only informs."""

import re
from dataclasses import dataclass
from functools import lru_cache

from user_agents import parse
from user_agents.parsers import UserAgent

from sessions_admin.vocabulary import DeviceType

# Parsing costs about a millisecond; a company has few different agents.
REMEMBERED_AGENTS = 1024

# Browsers call themselves Mozilla first, as they have since 1994; everything else is a program.
BROWSER_PREFIXES = ("Mozilla/", "Opera/")
PRODUCT = re.compile(r"(?P<name>[A-Za-z][\w.+-]*)(?:/(?P<version>\d+(?:\.\d+)?))?")
BOT_NAME = re.compile(r"bot(?![\w-])|crawler|spider|\+https?://", re.IGNORECASE)

# One name for one browser, whichever device it runs on.
BROWSER_NAMES = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "HeadlessChrome": "Headless Chrome",
    "IE": "Internet Explorer",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "iOS WebView",
    "Opera Mobile": "Opera",
}
SYSTEM_NAMES = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS", "Mac OS": "macOS"}
# Browsers stopped telling these versions: Windows 11 says 10, every macOS says 10.15.
FROZEN_VERSIONS = {"Windows": {"10"}, "macOS": {"10.15"}}
# Chrome's reduced agent says Android 10 and a device named K, whatever the device is.
REDUCED_ANDROID = "Android 10; K)"
# From 26 on Safari tells its own version, which is the system's, and leaves iOS at 18.
SAFARI_WITH_FROZEN_IOS = 26


@dataclass(frozen=True, slots=True)
class Device:
    """The names to show; empty when unknown."""

    browser: str = ""
    system: str = ""
    type: DeviceType = DeviceType.UNKNOWN


@lru_cache(maxsize=REMEMBERED_AGENTS)
def device_of(user_agent: str) -> Device:
    """The device that this user agent names; an unknown one when it names none."""
    if not user_agent.strip():
        return Device()
    parsed = parse(user_agent)
    if user_agent.startswith(BROWSER_PREFIXES):
        return Device(browser_name(parsed), system_name(parsed), browser_type(parsed))
    return program(user_agent, system_name(parsed))


def browser_name(parsed: UserAgent) -> str:
    """Name and major version: “Firefox 145”."""
    family = parsed.browser.family
    if family == "Other":
        return ""
    return with_version(BROWSER_NAMES.get(family, family), parsed.browser.version[:1])


def system_name(parsed: UserAgent) -> str:
    """Name and the version that matters, unless the version is known to be made up."""
    family = parsed.os.family
    if family == "Other":
        return ""
    name = SYSTEM_NAMES.get(family, family)
    return with_version(name, system_version(name, parsed))


def system_version(name: str, parsed: UserAgent) -> tuple[int | str, ...]:
    # Before macOS 11 and for Windows 8.1 the second number tells versions apart.
    version: tuple[int | str, ...] = parsed.os.version
    if name in FROZEN_VERSIONS:
        version = version[:2]
        return () if dotted(version) in FROZEN_VERSIONS[name] else version
    if name == "ChromeOS" or REDUCED_ANDROID in parsed.ua_string:
        return ()
    if name == "iOS" and parsed.browser.family == "Mobile Safari":
        safari = parsed.browser.version[:1]
        if safari and safari[0] >= SAFARI_WITH_FROZEN_IOS:
            return safari  # type: ignore[no-any-return]
    return version[:1]


def browser_type(parsed: UserAgent) -> DeviceType:
    if parsed.is_bot or BOT_NAME.search(parsed.ua_string):
        return DeviceType.BOT
    if parsed.is_tablet:
        return DeviceType.TABLET
    if parsed.is_mobile:
        return DeviceType.PHONE
    return DeviceType.DESKTOP if parsed.is_pc else DeviceType.UNKNOWN


def program(user_agent: str, system: str) -> Device:
    """What is no browser: its own name and version as it writes them."""
    product = PRODUCT.match(user_agent)
    if not product:
        return Device()
    name = f"{product['name']} {product['version'] or ''}".strip()
    kind = DeviceType.BOT if BOT_NAME.search(user_agent) else DeviceType.APP
    return Device(name, system, kind)


def with_version(name: str, version: tuple[int | str, ...]) -> str:
    return f"{name} {dotted(version)}".strip()


def dotted(version: tuple[int | str, ...]) -> str:
    return ".".join(str(number) for number in version)
