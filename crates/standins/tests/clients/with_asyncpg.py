import asyncio
import ssl

import asyncpg
from endpoint import CA, COLUMNS, HOSTS, PORTS, ROW, TABLE, TOKENS, check_conflict, check_row


async def connect(region):
    return await asyncpg.connect(
        host=HOSTS[region], port=int(PORTS[region]), user="admin", database="postgres", password=TOKENS[region],
        ssl=ssl.create_default_context(cafile=CA),
    )


async def main():
    first, second = await connect(0), await connect(1)
    assert first.get_server_version().major >= 14
    await first.execute(TABLE.format("by_asyncpg"))
    marks = ", ".join(f"${n + 1}" for n in range(len(ROW)))
    insert = f"INSERT INTO by_asyncpg ({COLUMNS}) VALUES ({marks})"
    assert await first.execute(insert, *ROW) == "INSERT 0 1"
    check_row(tuple(await first.fetchrow(f"SELECT {COLUMNS} FROM by_asyncpg WHERE id = $1", ROW[0])))
    assert await first.fetchval("SELECT false") is False
    # Many sets of parameters are one transaction.
    await first.executemany("INSERT INTO by_asyncpg (id) VALUES ($1)", [(n,) for n in range(5)])
    try:
        await first.executemany("INSERT INTO by_asyncpg (id) VALUES ($1)", [(100,), (0,)])
        raise AssertionError("a key was inserted twice")
    except asyncpg.UniqueViolationError:
        pass
    assert await first.fetchval("SELECT count(*) FROM by_asyncpg") == 6
    async with first.transaction():
        rows = [row["id"] async for row in first.cursor("SELECT id FROM by_asyncpg WHERE id < 10 ORDER BY id", prefetch=2)]
        assert rows == [0, 1, 2, 3, 4], rows
    async with first.transaction(isolation="repeatable_read", readonly=True):
        try:
            await first.execute("UPDATE by_asyncpg SET number = 0")
            raise AssertionError("a write in a transaction that only reads")
        except asyncpg.ReadOnlySQLTransactionError:
            pass
    transaction = first.transaction()
    await transaction.start()
    await first.execute("UPDATE by_asyncpg SET number = $1 WHERE id = 1", 1)
    await second.execute("UPDATE by_asyncpg SET number = $1 WHERE id = 1", 2)
    try:
        await transaction.commit()
        raise AssertionError("both committed")
    except asyncpg.SerializationError as error:
        check_conflict(error, error.sqlstate)
    assert await first.fetchval("SELECT number FROM by_asyncpg WHERE id = 1") == 2
    # A time-out cancels the statement, and the connection lives on.
    try:
        await first.execute("SELECT pg_sleep(60)", timeout=0.2)
        raise AssertionError("it slept")
    except asyncio.TimeoutError:
        pass
    assert await first.fetchval("SELECT 1") == 1
    await first.reload_schema_state()
    # The pool of AWS' connector sets parameters back in this way; the driver's own reset unlocks and unlistens.
    await first.execute("RESET ALL;")
    try:
        await first.reset()
        raise AssertionError("UNLISTEN was accepted")
    except asyncpg.FeatureNotSupportedError:
        pass
    await first.close()
    await second.close()


asyncio.run(main())
