import psycopg2
import psycopg2.extensions
import psycopg2.extras
from endpoint import dbapi, libpq

psycopg2.extras.register_uuid()
first, second = dbapi(lambda region: psycopg2.connect(**libpq(region)), "by_psycopg2", lambda error: error.pgcode)
# The isolation level by name, prefixed to each BEGIN; another one is refused.
second.rollback()
second.set_session(isolation_level="REPEATABLE READ")
cursor = second.cursor()
cursor.execute("SELECT 1")
second.rollback()
second.set_session(isolation_level="SERIALIZABLE")
try:
    cursor.execute("SELECT 1")
    raise AssertionError("serializable was accepted")
except psycopg2.Error as error:
    assert error.pgcode == "0A000", error
second.rollback()
# hstore is looked up, and is not there; COPY is refused, and the connection lives on.
assert psycopg2.extras.HstoreAdapter.get_oids(first) == ((), ())
first.rollback()
try:
    first.cursor().copy_expert("COPY by_psycopg2 TO STDOUT", open("/dev/null", "w"))
    raise AssertionError("COPY was accepted")
except psycopg2.Error as error:
    assert error.pgcode == "0A000", error
first.rollback()
first.set_client_encoding("UTF8")
# Notices reach the client.
first.autocommit = True
first.cursor().execute("CREATE TABLE IF NOT EXISTS by_psycopg2 (id bigint)")
assert "already exists" in first.notices[-1], first.notices
