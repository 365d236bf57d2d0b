"""Where the two endpoints are, told by the test that starts these programs; and what all clients are asked."""
import datetime
import decimal
import os
import socket
import uuid

HOSTS, PORTS, TOKENS, REGIONS = (os.environ[f"DSQL_{name}"].split() for name in ("HOSTS", "PORTS", "TOKENS", "REGIONS"))
CA = os.environ["DSQL_CA"]

_resolve = socket.getaddrinfo


def _resolve_here(host, *args, **kwargs):
    """The names of the endpoints are in no name server."""
    return _resolve("127.0.0.1" if host in HOSTS else host, *args, **kwargs)


socket.getaddrinfo = _resolve_here


def libpq(region):
    """How libpq connects to the endpoint of a region."""
    return {
        "host": HOSTS[region], "hostaddr": "127.0.0.1", "port": PORTS[region], "user": "admin", "dbname": "postgres",
        "password": TOKENS[region], "sslmode": "verify-full", "sslrootcert": CA,
    }


TABLE = """CREATE TABLE {} (id bigint PRIMARY KEY, small smallint, number integer, yes boolean, no boolean, word text,
    precise numeric(20, 5), real8 double precision, at timestamptz, day date, key uuid, bytes bytea, nothing text)"""
COLUMNS = "id, small, number, yes, no, word, precise, real8, at, day, key, bytes, nothing"
ROW = (
    2**40, -7, 123456, True, False, "é'; \\ \" $1", decimal.Decimal("1234567.89000"), 0.1,
    datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, datetime.timezone.utc), datetime.date(2026, 2, 28),
    uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"), b"\x00\x01\xff", None,
)


def check_row(row):
    """Every value came back as the one that was sent, of the same type."""
    got = tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
    for expect, value in zip(ROW, got, strict=True):
        assert expect == value and isinstance(value, type(expect)), (expect, value)


def check_conflict(error, code):
    assert code == "40001" and "OC000" in str(error), (code, error)


def dbapi(connect, name, code):
    """What every client by DB-API 2 does: create, insert, select, a transaction, a conflict, a refusal."""
    first, second = connect(0), connect(1)
    first.autocommit = True
    cursor = first.cursor()
    cursor.execute(TABLE.format(name))
    cursor.execute(f"INSERT INTO {name} ({COLUMNS}) VALUES ({', '.join(['%s'] * len(ROW))})", ROW)
    assert cursor.rowcount == 1
    cursor.execute(f"SELECT {COLUMNS} FROM {name} WHERE id = %s", (ROW[0],))
    check_row(cursor.fetchone())
    cursor.execute("SELECT 1, false, now(), NULL")
    one, no, now, nothing = cursor.fetchone()
    assert one == 1 and no is False and now.tzinfo is not None and nothing is None
    first.autocommit = False
    # Rolled back, then committed.
    for end in (first.rollback, first.commit):
        cursor.execute(f"UPDATE {name} SET number = number + 1")
        end()
    cursor.execute(f"SELECT number FROM {name}")
    assert cursor.fetchone() == (ROW[2] + 1,)
    first.rollback()
    # The first to commit wins; the other one learns of it at COMMIT.
    other = second.cursor()
    cursor.execute(f"UPDATE {name} SET number = 1")
    other.execute(f"UPDATE {name} SET number = 2")
    second.commit()
    try:
        first.commit()
    except Exception as error:
        check_conflict(error, code(error))
    else:
        raise AssertionError("both committed")
    first.rollback()
    cursor.execute(f"SELECT number FROM {name}")
    assert cursor.fetchone() == (2,)
    first.rollback()
    try:
        cursor.execute("SAVEPOINT s")
    except Exception as error:
        assert code(error) == "0A000", error
    else:
        raise AssertionError("a savepoint was made")
    first.rollback()
    return first, second
