"""Tenants, groups and memberships in /admin/"""

import pytest

from sessions_admin.models import SessionPolicy
from sessions_admin.vocabulary import EndReason
from tenants.models import Membership, Tenant
from tenants.permissions import Permission, Section
from tests.holdings import hold

TENANTS = "/admin/tenants/tenant/"
GROUPS = "/admin/tenants/group/"
MEMBERSHIPS = "/admin/tenants/membership/"


@pytest.fixture
def desk(operator, browser_of):
    """The operator's browser."""
    return browser_of(operator)


def page_of(row) -> str:
    return f"/admin/tenants/{row._meta.model_name}/{row.pk}/change/"


def do(desk, url, act, *rows, note=""):
    ids = [str(row.pk) for row in rows]
    return desk.post(f"{url}{act}/", {"_selected_action": ids, "note": note})


def form_of(tenant, **changes):
    fields = {"name": tenant.name, "is_active": "on", "sections": sorted(tenant.sections)}
    return {name: value for name, value in (fields | changes).items() if value is not None}


@pytest.mark.parametrize("url", [TENANTS, GROUPS, MEMBERSHIPS, f"{TENANTS}add/"])
def test_nobody_but_operators_gets_in(browser_of, owner, url):
    assert browser_of(owner).get(url, follow=True).status_code == 403


# --- tenants ---------------------------------------------------------------------------------


def test_a_new_tenant_has_its_groups_and_the_platforms_settings(desk, policy_of):
    policy_of(None, max_live_sessions_enabled=True, max_live_sessions=3)
    fields = {"name": "Umbrella", "slug": "umbrella", "is_active": "on", "sections": ["users"]}

    assert desk.post(f"{TENANTS}add/", fields).status_code == 302

    tenant = Tenant.objects.get(slug="umbrella")
    assert tenant.sections == {"users"}
    assert {group.name for group in tenant.groups.all()} == {
        "Owners", "Administrators", "Auditors", "Members",
    }  # fmt: skip
    assert SessionPolicy.objects.get(tenant=tenant).rules().max_live_sessions == 3


def test_the_sections_are_boxes(desk, acme):
    Tenant.objects.filter(pk=acme.pk).update(sections={"users"})
    page = desk.get(page_of(acme)).content.decode()
    boxes = page.split('name="sections"')[1:]
    ticked = {box.split('value="')[1].split('"')[0] for box in boxes if "checked" in box[:120]}
    assert len(boxes) == len(Section)
    assert ticked == {"users"}


def test_a_section_that_is_switched_off_is_gone_for_the_tenant(desk, acme, owner, browser_of):
    browser = browser_of(owner)
    assert browser.get("/users/").status_code == 200
    desk.post(page_of(acme), form_of(acme, sections=["sessions"]))
    assert browser.get("/users/").status_code == 404


def test_unticking_active_ends_the_tenants_sessions(desk, acme, globex, member, outsider, operator):
    session, elsewhere = hold(member, acme), hold(outsider, globex)
    desk.post(page_of(acme), form_of(acme, is_active=None))
    session.refresh_from_db()
    elsewhere.refresh_from_db()
    acme.refresh_from_db()
    assert not acme.is_active
    assert (session.end_reason, session.ended_by) == (EndReason.TENANT_SUSPENDED, operator)
    assert elsewhere.ended_at is None


def test_a_suspended_tenant_can_be_active_again(desk, acme):
    do(desk, TENANTS, "suspend", acme)
    desk.post(page_of(acme), form_of(acme))
    acme.refresh_from_db()
    assert acme.is_active


def test_it_suspends_with_a_note(desk, acme, member):
    session = hold(member, acme)
    do(desk, TENANTS, "suspend", acme, note="The contract has run out.")
    session.refresh_from_db()
    assert session.end_reason == EndReason.TENANT_SUSPENDED
    assert session.end_note == "The contract has run out."
    assert "1 tenant was suspended." in desk.get(TENANTS).content.decode()


def test_it_ends_every_session_of_a_tenant(desk, acme, globex, member, admin, outsider, operator):
    sessions = [hold(member, acme), hold(admin, acme)]
    elsewhere = hold(outsider, globex)
    do(desk, TENANTS, "end-everything", acme, note="Certificates were replaced.")
    for session in sessions:
        session.refresh_from_db()
        assert session.end_reason == EndReason.REVOKED_BY_OPERATOR
        assert (session.ended_by, session.end_note) == (operator, "Certificates were replaced.")
    elsewhere.refresh_from_db()
    assert elsewhere.ended_at is None


def test_no_tenant_is_deleted(desk, acme):
    assert desk.post(f"{TENANTS}{acme.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_short_name_stays(desk, acme):
    desk.post(page_of(acme), form_of(acme, slug="other", name="Acme Ltd"))
    acme.refresh_from_db()
    assert (acme.slug, acme.name) == ("acme", "Acme Ltd")


# --- groups ----------------------------------------------------------------------------------


def test_permissions_are_boxes_and_hold_at_once(desk, acme, member, browser_of):
    group = acme.groups.get(name="Members")
    browser = browser_of(member)
    assert browser.get("/users/").status_code == 403

    desk.post(page_of(group), {"name": "Members", "permissions": ["users.view", "sessions.view"]})

    group.refresh_from_db()
    assert group.permissions == {"users.view", "sessions.view"}
    assert browser.get("/users/").status_code == 200
    page = desk.get(page_of(group)).content.decode()
    assert page.count('name="permissions"') == len(Permission)
    assert page.count("checked") == 2


def test_a_permission_that_does_not_exist_is_refused(desk, acme):
    group = acme.groups.get(name="Members")
    response = desk.post(page_of(group), {"name": "Members", "permissions": ["everything"]})
    assert "permissions" in response.context["adminform"].form.errors


def test_a_group_stays_in_its_tenant(desk, acme, globex):
    group = acme.groups.get(name="Members")
    desk.post(page_of(group), {"name": "Staff", "permissions": [], "tenant": str(globex.pk)})
    group.refresh_from_db()
    assert (group.name, group.tenant) == ("Staff", acme)


def test_the_list_of_groups_counts_in_its_one_statement(desk, django_assert_num_queries):
    desk.get(GROUPS)
    with django_assert_num_queries(3):  # the session, the count, the groups
        desk.get(GROUPS)


# --- memberships -----------------------------------------------------------------------------


def test_it_makes_somebody_a_member_and_goes_on_to_the_groups(desk, acme, outsider):
    response = desk.post(f"{MEMBERSHIPS}add/", {"user": str(outsider.pk), "tenant": str(acme.pk)})
    membership = Membership.objects.get(user=outsider, tenant=acme)
    assert response.url == page_of(membership)
    page = desk.get(response.url).content.decode()
    assert page.count('name="groups"') == acme.groups.count()

    auditors = acme.groups.get(name="Auditors")
    desk.post(response.url, {"groups": [auditors.pk], "is_active": "on"})
    assert list(membership.groups.all()) == [auditors]


def test_the_groups_are_those_of_the_tenant(desk, acme, globex, member):
    membership = Membership.objects.get(user=member, tenant=acme)
    foreign = globex.groups.get(name="Owners")
    response = desk.post(page_of(membership), {"groups": [foreign.pk], "is_active": "on"})
    assert "groups" in response.context["adminform"].form.errors
    assert not membership.groups.filter(pk=foreign.pk).exists()


def test_no_page_lists_all_people(desk, acme, member, outsider):
    for url in (f"{MEMBERSHIPS}add/", page_of(Membership.objects.get(user=member))):
        page = desk.get(url).content.decode()
        assert "owner@globex.test" not in page
        assert "Eve Nakamura" not in page


def test_people_are_offered_as_one_types(desk):
    response = desk.get(
        "/admin/autocomplete/",
        {"term": "moreau", "app_label": "tenants", "model_name": "membership",
         "field_name": "user"},
    )  # fmt: skip
    assert [found["text"] for found in response.json()["results"]] == [
        "Dave Moreau (member@acme.test)"
    ]


@pytest.mark.parametrize("way", ["box", "act", "delete"])
def test_leaving_ends_the_sessions_in_the_tenant(desk, acme, globex, contractor, operator, way):
    membership = Membership.objects.get(user=contractor, tenant=acme)
    session, elsewhere = hold(contractor, acme), hold(contractor, globex)

    if way == "box":
        groups = [group.pk for group in membership.groups.all()]
        desk.post(page_of(membership), {"groups": groups})
    elif way == "act":
        do(desk, MEMBERSHIPS, "suspend", membership)
    else:
        desk.post(f"{MEMBERSHIPS}{membership.pk}/delete/", {"post": "yes"})

    session.refresh_from_db()
    elsewhere.refresh_from_db()
    assert not Membership.objects.filter(pk=membership.pk, is_active=True).exists()
    assert Membership.objects.filter(pk=membership.pk).exists() is (way != "delete")
    assert (session.end_reason, session.ended_by) == (EndReason.MEMBERSHIP_REMOVED, operator)
    assert elsewhere.ended_at is None


def test_a_suspended_member_can_be_active_again(desk, acme, member):
    membership = Membership.objects.get(user=member, tenant=acme)
    do(desk, MEMBERSHIPS, "suspend", membership)
    groups = [group.pk for group in membership.groups.all()]
    desk.post(page_of(membership), {"groups": groups, "is_active": "on"})
    membership.refresh_from_db()
    assert membership.is_active
    assert list(membership.groups.values_list("name", flat=True)) == ["Members"]


def test_the_list_of_memberships_takes_four_statements(desk, django_assert_num_queries):
    desk.get(MEMBERSHIPS)
    with django_assert_num_queries(4):  # the session, the count, the memberships, their groups
        desk.get(MEMBERSHIPS)
