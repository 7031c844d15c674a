"""When mails leave: at once where a worker runs, with the sweeper's loop everywhere."""

from django.tasks import task
from django.tasks.backends.immediate import ImmediateBackend


@task
def deliver() -> None:
    """Mails what is due. What fails is tried again by the sweeper's loop."""
    # Words and mails are not needed by who only writes notices.
    from sessions_admin.notices.outbox import send_due

    send_due()


def deliver_soon() -> None:
    """Asks the worker; without one nothing is done here, as no mail is sent within a request."""
    if not isinstance(deliver.get_backend(), ImmediateBackend):
        deliver.enqueue()
