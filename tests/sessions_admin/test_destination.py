"""Where an action leads afterwards, and what a page says of itself."""

import pytest

OURS = "/users/?q=dave"
ELSEWHERE = [
    "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example",
    "javascript:alert(1)", "http://testserver.evil.example/", "///evil.example",
]  # fmt: skip
NOWHERE = ["-1", "1e5", "users", "a\x00b", "{}", "１２", "account_logout"]
ODD = ["http://[", "http://[::1", "\x00", "//evil.example/", "http://testserver:99999999/"]


@pytest.mark.parametrize("path", ["/sessions/end-others/", "/notices/dismiss-all/"])
@pytest.mark.parametrize("url", ELSEWHERE + NOWHERE)
def test_it_leads_to_no_other_place(browser_of, member, path, url):
    answer = browser_of(member).post(path, {"next": url})
    assert answer.status_code == 302
    assert answer.url in {"/sessions/", "/notices/"}


def test_it_leads_back_to_a_page_of_ours(browser_of, member):
    answer = browser_of(member).post("/notices/dismiss-all/", {"next": OURS})
    assert answer.url == OURS


@pytest.mark.parametrize("url", ELSEWHERE + NOWHERE)
def test_nor_does_the_choice_of_a_tenant(browser_of, cast, url):
    browser = browser_of(cast.contractor)
    answer = browser.post("/tenants/", {"tenant": cast.acme.pk, "next": url})
    assert (answer.status_code, answer.url) == (302, "/sessions/")


@pytest.mark.parametrize("url", ODD)
def test_a_header_of_htmx_that_is_no_address_breaks_nothing(browser_of, client, cast, url):
    headers = {"HX-Request": "true", "HX-Current-URL": url}
    assert client.get("/sessions/", headers=headers).status_code == 401
    row = f"/users/{cast.member.pk}/?part=live"
    answer = browser_of(cast.admin).get(row, headers=headers)
    assert answer.status_code == 200
    assert b"evil" not in answer.content
