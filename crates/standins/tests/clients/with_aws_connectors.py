"""AWS' connectors for Python: they sign the token themselves."""
import asyncio
import ssl

import aurora_dsql_asyncpg
import aurora_dsql_psycopg
import aurora_dsql_psycopg2
from endpoint import CA, HOSTS, PORTS, REGIONS, dbapi, libpq


def place(region):
    return {name: value for name, value in libpq(region).items() if name != "password"} | {"region": REGIONS[region]}


dbapi(lambda region: aurora_dsql_psycopg.DSQLConnection.connect(**place(region)), "by_aws_psycopg", lambda e: e.sqlstate)


def by_psycopg2(region):
    import psycopg2.extras

    psycopg2.extras.register_uuid()
    return aurora_dsql_psycopg2.connect(**place(region))


dbapi(by_psycopg2, "by_aws_psycopg2", lambda error: error.pgcode)


async def pool():
    context = ssl.create_default_context(cafile=CA)
    where = {"host": HOSTS[0], "port": int(PORTS[0]), "region": REGIONS[0], "user": "admin"}
    async with await aurora_dsql_asyncpg.create_pool(**where, ssl=context, min_size=1, max_size=2) as pool:
        for _ in range(3):
            async with pool.acquire() as connection:
                assert await connection.fetchval("SELECT false") is False
                await connection.execute("SET TIME ZONE 'Europe/Berlin'")
        async with pool.acquire() as connection:
            assert await connection.fetchval("SHOW timezone") == "UTC"


asyncio.run(pool())
