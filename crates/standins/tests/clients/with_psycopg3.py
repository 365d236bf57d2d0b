import threading

import psycopg
from endpoint import COLUMNS, ROW, check_conflict, check_row, dbapi, libpq
from psycopg import ClientCursor
from psycopg.types import TypeInfo


def code(error):
    return error.sqlstate


first, second = dbapi(lambda region: psycopg.connect(**libpq(region)), "by_psycopg3", code)
first.autocommit = second.autocommit = True
row = f"SELECT {COLUMNS} FROM by_psycopg3 WHERE id = %s"
first.execute("UPDATE by_psycopg3 SET number = %s", (ROW[2],))
# Values in text and in binary, bound by the server or by the client, prepared or not.
for binary in (False, True):
    for prepare in (False, True):
        check_row(first.execute(row, (ROW[0],), binary=binary, prepare=prepare).fetchone())
check_row(ClientCursor(first).execute(row, (ROW[0],)).fetchone())
# In a pipeline everything until the next sync is one transaction, if nothing else is said.
with first.pipeline():
    for n in range(3):
        first.execute("INSERT INTO by_psycopg3 (id) VALUES (%s)", (n,))
    found = first.execute("SELECT count(*) FROM by_psycopg3")
    assert found.fetchone() == (4,)
try:
    with first.pipeline():
        first.execute("INSERT INTO by_psycopg3 (id) VALUES (10)")
        first.execute("INSERT INTO by_psycopg3 (id) VALUES (0)")
    raise AssertionError("a key was inserted twice")
except psycopg.errors.UniqueViolation:
    pass
assert first.execute("SELECT count(*) FROM by_psycopg3").fetchone() == (4,)
first.cursor().executemany("INSERT INTO by_psycopg3 (id) VALUES (%s)", [(20,), (21,)])
# A pipeline of a transaction that loses.
try:
    with first.pipeline(), first.transaction():
        first.execute("UPDATE by_psycopg3 SET number = 5 WHERE id = 20")
        first.execute("SELECT 1").fetchone()
        second.execute("UPDATE by_psycopg3 SET number = 6 WHERE id = 20")
    raise AssertionError("both committed")
except psycopg.Error as error:
    check_conflict(error, code(error))
# Types that are looked up by name.
assert TypeInfo.fetch(first, "hstore") is None
assert TypeInfo.fetch(first, "uuid").oid == 2950
# A statement can be cancelled.
stopped = []


def sleep():
    try:
        first.execute("SELECT pg_sleep(60)")
    except psycopg.Error as error:
        stopped.append(error.sqlstate)


sleeping = threading.Thread(target=sleep)
sleeping.start()
busy = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
while second.execute(busy).fetchone() == (0,):
    pass
first.cancel_safe()
sleeping.join(30)
assert stopped == ["57014"], stopped
# Parameters that change are told.
first.execute("SET TIME ZONE 'Europe/Berlin'")
assert first.info.parameter_status("TimeZone") == "Europe/Berlin"
first.execute("RESET ALL")
assert first.info.parameter_status("TimeZone") == "UTC"
assert first.info.parameter_status("standard_conforming_strings") == "on"
for _ in range(3):
    first.execute("DEALLOCATE ALL")
