"""Columns that three tables share: from where, with what."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.vocabulary import DeviceType

USER_AGENT_LENGTH = 512  # longer ones are cut: real ones are below 300


class AccessFields(models.Model):
    """Client IP, user agent, the device that it names, approximate place and network of the IP."""

    ip = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("user agent"), max_length=USER_AGENT_LENGTH, blank=True)
    browser = models.CharField(max_length=60, blank=True)
    system = models.CharField(max_length=60, blank=True)
    device_type = models.CharField(
        max_length=8, default=DeviceType.UNKNOWN, choices=[(d, d) for d in DeviceType]
    )
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=60, blank=True)
    country_code = models.CharField(max_length=2, blank=True)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    accuracy_km = models.PositiveSmallIntegerField(null=True, blank=True)  # of the place
    asn = models.PositiveBigIntegerField(null=True, blank=True)  # RFC 6793: unsigned, 32 bits
    network = models.CharField(
        _("network"), max_length=80, blank=True
    )  # who runs it: “Deutsche Telekom AG”

    class Meta:
        abstract = True

    @property
    def device(self) -> str:
        """“Firefox 145 on Linux”, as far as it is known."""
        if self.browser and self.system:
            return gettext("%(browser)s on %(system)s") % {
                "browser": self.browser,
                "system": self.system,
            }
        return self.browser or self.system or gettext("Unknown device")

    @property
    def place(self) -> str:
        """“Lyon, France”; empty when it is not known."""
        return ", ".join(part for part in (self.city, self.country) if part)
