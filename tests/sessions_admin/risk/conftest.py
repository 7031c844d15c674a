"""The world of the risk tests: a City database of four cities, and rules at will."""

import pytest

from sessions_admin import geo
from sessions_admin.geo import atlas
from sessions_admin.lifecycle import ensure_rules
from sessions_admin.models import RiskRules
from tests.sessions_admin.risk.cities import CITIES


@pytest.fixture
def world(settings, tmp_path, monkeypatch):
    """Bangkok, London, Paris and Lyon have addresses."""
    monkeypatch.setattr(atlas, "LOOK_AGAIN_AFTER", 0.0)
    settings.GEOIP_PATH = str(tmp_path / "city.mmdb")
    geo.write_city_database(settings.GEOIP_PATH, CITIES)


@pytest.fixture
def rules_for():
    """Sets the risk rules of a tenant (None: the platform's)."""

    def make(tenant, **values) -> RiskRules:
        rules = ensure_rules(tenant)
        RiskRules.objects.filter(pk=rules.pk).update(**values)
        rules.refresh_from_db()
        return rules

    return make
