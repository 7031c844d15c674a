"""Who you are."""

import uuid
import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


def validate_time_zone(name: str) -> None:
    """Refuses a name that the time zone database does not hold."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("%(name)s is not a known time zone."), params={"name": name})


def shown_name(to_user: str = "") -> Coalesce:
    """Twin of User.name, for queries: of a model from which `to_user` leads to the user."""
    name = NullIf(f"{to_user}display_name", models.Value(""))
    return Coalesce(name, f"{to_user}email", output_field=models.CharField())


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address, which is compared without regard to case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An operator; the name is Django's."""
        return self.create_user(email, password, **fields, is_operator=True)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person. What they may do in a tenant is a matter of their membership's groups."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    display_name = models.CharField(_("display name"), max_length=80, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=40, default="UTC", validators=[validate_time_zone]
    )
    language = models.CharField(_("language"), max_length=8, default="en")
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("A disabled person cannot sign in.")
    )
    is_operator = models.BooleanField(
        _("operator"), default=False, help_text=_("Runs the platform from Django admin.")
    )
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    # Part of what holds a session: raising it ends every session at its next request.
    credential_version = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Set before a change of one's own password when the other sessions are to stay.
    keeps_other_sessions = False

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]
        # A page of people in the order of their names reads no others.
        indexes = [models.Index(Lower(shown_name()), name="user_by_shown_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name to show: never empty."""
        return self.display_name or self.email

    get_full_name = get_short_name = lambda self: self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()  # sign-in looks it up so
        super().save(*args, **kwargs)

    def check_password(self, raw_password: str | None) -> bool:
        """Django hashes the password anew where its hasher grew stronger. That is no change of it,
        and must not sign out whoever signs in just now."""
        version = self.credential_version
        is_right = super().check_password(raw_password)
        self.credential_version = version
        return is_right

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password)
        if not self.keeps_other_sessions:
            self.credential_version += 1

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """What ties a session to the credential (called by Django for each fallback key too).

        It holds a version instead of the password hash, so that a stronger hasher does not sign
        everybody out and a person may keep other sessions when changing the password.
        """
        return salted_hmac(
            "accounts.User.session", f"{self.pk}:{self.credential_version}",
            secret=secret, algorithm="sha256",
        ).hexdigest()  # fmt: skip

    # Operators run Django admin and nobody else enters it: one flag instead of two tables.
    @property
    def is_staff(self) -> bool:
        return self.is_active and self.is_operator

    is_superuser = is_staff

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_staff

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff
