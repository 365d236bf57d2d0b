"use strict";
const { ROW, TABLE, assert, conflict, place, run, tls, tokens } = require("./endpoint.cjs");
const postgres = require("postgres");

run(async () => {
  const connect = (region) => postgres({ ...place(region), password: tokens[region], ssl: tls(region), max: 2, onnotice: () => {} });
  const [first, second] = [connect(0), connect(1)];
  await first.unsafe(TABLE("by_postgres_js"));
  await first`INSERT INTO by_postgres_js VALUES ${first([ROW])}`.catch((error) => { throw error; });
  for (const rows of [
    await first`SELECT * FROM by_postgres_js`.values(),
    await first`SELECT * FROM by_postgres_js WHERE id = ${ROW[0]}`.values(),
    await first.unsafe("SELECT * FROM by_postgres_js").values(),
  ]) {
    assert.deepEqual(Array.from(rows), [ROW]);
  }
  const portions = [];
  await first`SELECT n FROM generate_series(1, 5) n`.cursor(2, (rows) => { portions.push(rows.map(({ n }) => n)); });
  assert.deepEqual(portions, [[1, 2], [3, 4], [5]]);
  // Sent at once on one connection.
  await first.begin(async (sql) => {
    await Promise.all([1, 2, 3].map((n) => sql`INSERT INTO by_postgres_js (id) VALUES (${n})`));
  });
  const lost = first.begin(async (sql) => {
    await sql`UPDATE by_postgres_js SET number = 1 WHERE id = 1`;
    await second`UPDATE by_postgres_js SET number = 2 WHERE id = 1`;
  });
  await assert.rejects(lost, (error) => { conflict(error); return true; });
  assert.equal((await first`SELECT number FROM by_postgres_js WHERE id = 1`)[0].number, 2);
  await Promise.all([first.end(), second.end()]);
});
