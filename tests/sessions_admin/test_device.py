"""What real user agents are called on the screen."""

import pytest

from sessions_admin.request.device import Device, device_of

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) "
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("agent", "name", "system", "kind"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Firefox 145", "Linux", "desktop",
        ),
        # Windows 11 says 10 as well, so no number is shown; older ones told the truth.
        (WINDOWS + "Chrome/142.0.0.0 Safari/537.36", "Chrome 142", "Windows", "desktop"),
        (
            WINDOWS + "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Edge 142", "Windows", "desktop",
        ),
        (
            "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0",
            "Firefox 115", "Windows 7", "desktop",
        ),
        (
            "Mozilla/5.0 (Windows NT 6.3; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0",
            "Firefox 115", "Windows 8.1", "desktop",
        ),
        # So with macOS and 10.15.
        (MAC + "Version/26.0 Safari/605.1.15", "Safari 26", "macOS", "desktop"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Firefox 145", "macOS", "desktop",
        ),
        (
            MAC.replace("10_15_7", "10_14_6") + "Version/14.1 Safari/605.1.15",
            "Safari 14", "macOS 10.14", "desktop",
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36",
            "Chrome 142", "ChromeOS", "desktop",
        ),
        # Chrome's reduced agent: neither Android 10 nor a device named K.
        (ANDROID + "Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome 142", "Android", "phone"),
        (ANDROID + "Chrome/142.0.0.0 Safari/537.36", "Chrome 142", "Android", "tablet"),
        (
            "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
            "Firefox 145", "Android 15", "phone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; SM-G973F) AppleWebKit/537.36 (KHTML, like Gecko) "
            "SamsungBrowser/14.0 Chrome/87.0.4280.141 Mobile Safari/537.36",
            "Samsung Internet 14", "Android 10", "phone",
        ),
        (
            IPHONE.replace("18_6", "18_1") + "Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari 18", "iOS 18", "phone",
        ),
        # Safari 26 leaves the system at 18 and says the true version as its own.
        (IPHONE + "Version/26.0 Mobile/15E148 Safari/604.1", "Safari 26", "iOS 26", "phone"),
        (IPHONE + "CriOS/142.0.7444 Mobile/15E148 Safari/604.1", "Chrome 142", "iOS 18", "phone"),
        (IPHONE + "FxiOS/145.0 Mobile/15E148 Safari/605.1.15", "Firefox 145", "iOS 18", "phone"),
        (
            "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari 17", "iOS 17", "tablet",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "HeadlessChrome/142.0.0.0 Safari/537.36",
            "Headless Chrome 142", "Linux", "desktop",
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Googlebot 2", "", "bot",
        ),
        # Programs are called what they call themselves.
        ("Googlebot/2.1 (+http://www.google.com/bot.html)", "Googlebot 2.1", "", "bot"),
        ("curl/8.5.0", "curl 8.5", "", "app"),
        ("python-requests/2.32.3", "python-requests 2.32", "", "app"),
        ("Python-urllib/3.13", "Python-urllib 3.13", "", "app"),
        ("okhttp/4.12.0", "okhttp 4.12", "", "app"),
        ("Go-http-client/1.1", "Go-http-client 1.1", "", "app"),
        ("Latchkey-CLI/1.0", "Latchkey-CLI 1.0", "", "app"),
        ("Latchkey-CLI", "Latchkey-CLI", "", "app"),
        ("Latchkey/3.2 CFNetwork/1494.0.7 Darwin/23.4.0", "Latchkey 3.2", "iOS 17", "app"),
        ("Acme Robot-Vacuum", "Acme", "", "app"),
        # Nothing to call it.
        ("Mozilla/5.0", "", "", "unknown"),
        ("<script>alert(1)</script>", "", "", "unknown"),
        ("() { :; }; /bin/bash", "", "", "unknown"),
        ("   ", "", "", "unknown"),
        ("", "", "", "unknown"),
    ],
)  # fmt: skip
def test_device_of(agent, name, system, kind):
    assert device_of(agent) == Device(name, system, kind)
