import django
from django.conf import settings
from endpoint import CA, HOSTS, PORTS, REGIONS, check_conflict


def database(region):
    return {
        "ENGINE": "aurora_dsql_django", "NAME": "postgres", "USER": "admin", "HOST": HOSTS[region], "PORT": PORTS[region],
        "OPTIONS": {"region": REGIONS[region], "sslmode": "verify-full", "sslrootcert": CA, "hostaddr": "127.0.0.1"},
    }


settings.configure(
    DATABASES={"default": database(0), "other": database(1)},
    # Not django.contrib.auth: its migrations change types of columns, which Aurora DSQL refuses.
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.sessions", "theatre"],
    SECRET_KEY="no secret", USE_TZ=True, TIME_ZONE="UTC", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import OperationalError, connections, transaction  # noqa: E402
from theatre.models import Ticket  # noqa: E402

call_command("migrate", verbosity=0)
with transaction.atomic():
    first = Ticket.objects.create(seat="A1")
    second = Ticket.objects.create(seat="A2", owner="é'", sold=True)
found = list(Ticket.objects.using("other").order_by("seat"))
assert [(ticket.pk, ticket.seat, ticket.owner, ticket.sold) for ticket in found] == [
    (first.pk, "A1", None, False), (second.pk, "A2", "é'", True),
]
assert found[0].at.tzinfo is not None
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

session = SessionStore()
session["owner"] = "ada"
session.save()
assert SessionStore(session.session_key)["owner"] == "ada"
try:
    with transaction.atomic():
        Ticket.objects.filter(seat="A1").update(owner="ada")
        Ticket.objects.using("other").filter(seat="A1").update(owner="bob")
    raise AssertionError("both committed")
except OperationalError as error:
    check_conflict(error, error.__cause__.sqlstate)
assert Ticket.objects.get(seat="A1").owner == "bob"
assert "theatre_ticket" in connections["default"].introspection.table_names()
connections.close_all()
