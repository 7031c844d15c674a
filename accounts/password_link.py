"""The mail with a link by which a person chooses a password."""

from allauth.account.forms import ResetPasswordForm
from django.http import HttpRequest

from accounts.models import User


def send_password_link(request: HttpRequest, person: User) -> None:
    """Sends it, as the page for forgotten passwords does; a disabled person gets no link."""
    form = ResetPasswordForm({"email": person.email})
    if form.is_valid():
        form.save(request)
