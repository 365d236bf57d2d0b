// node-postgres, on its own and with AWS' connector.
"use strict";
const { ROW, TABLE, assert, conflict, place, regions, run, tls, tokens } = require("./endpoint.cjs");
const { Client } = require("pg");
const { AuroraDSQLPool } = require("@aws/aurora-dsql-node-postgres-connector");

async function plain() {
  const connect = async (region) => {
    const client = new Client({ ...place(region), password: tokens[region], ssl: tls(region) });
    await client.connect();
    return client;
  };
  const [first, second] = [await connect(0), await connect(1)];
  await first.query(TABLE("by_pg"));
  const marks = ROW.map((_, at) => `$${at + 1}`).join(", ");
  assert.equal((await first.query(`INSERT INTO by_pg VALUES (${marks})`, ROW)).rowCount, 1);
  for (const query of [
    { text: "SELECT * FROM by_pg", rowMode: "array" },
    { text: "SELECT * FROM by_pg WHERE id = $1", values: [ROW[0]], rowMode: "array" },
    { name: "named", text: "SELECT * FROM by_pg WHERE id = $1", values: [ROW[0]], rowMode: "array" },
    { text: "SELECT * FROM by_pg WHERE id = $1", values: [ROW[0]], rowMode: "array", rows: 1 },
  ]) {
    assert.deepEqual((await first.query(query)).rows, [ROW]);
  }
  assert.deepEqual((await first.query("SELECT 1 AS one, false AS no")).rows, [{ one: 1, no: false }]);
  await first.query("BEGIN");
  await first.query("UPDATE by_pg SET number = $1", [1]);
  await second.query("UPDATE by_pg SET number = $1", [2]);
  await assert.rejects(first.query("COMMIT"), (error) => { conflict(error); return true; });
  assert.equal((await first.query("SELECT number FROM by_pg")).rows[0].number, 2);
  await first.end();
  await second.end();
}

async function byAws() {
  const pool = new AuroraDSQLPool({ ...place(0), region: regions[0], ssl: tls(0), max: 2 });
  assert.equal((await pool.query("SELECT $1::boolean AS no", [false])).rows[0].no, false);
  await pool.end();
}

run(async () => { await plain(); await byAws(); });
