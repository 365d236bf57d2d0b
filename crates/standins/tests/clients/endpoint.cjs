// Where the two endpoints are, told by the test that starts these programs; and what all clients are asked.
"use strict";
const assert = require("node:assert/strict");
const dns = require("node:dns");
const { readFileSync } = require("node:fs");

const [hosts, ports, tokens, regions] = ["HOSTS", "PORTS", "TOKENS", "REGIONS"].map((name) => process.env[`DSQL_${name}`].split(" "));
const ca = readFileSync(process.env.DSQL_CA, "utf8");

// The names of the endpoints are in no name server.
const lookup = dns.lookup;
dns.lookup = (name, ...rest) => lookup(hosts.includes(name) ? "127.0.0.1" : name, ...rest);

const place = (region) => ({ host: hosts[region], port: Number(ports[region]), user: "admin", database: "postgres" });
const tls = (region) => ({ ca, servername: hosts[region], rejectUnauthorized: true });

const TABLE = (name) => `CREATE TABLE ${name} (id bigint PRIMARY KEY, number integer, yes boolean, no boolean, word text,
  precise numeric(20, 5), real8 double precision, at timestamptz, key uuid, bytes bytea, nothing text)`;
const ROW = ["1099511627776", 123456, true, false, "é'; \\ \" $1", "1234567.89000", 0.1, new Date("2026-01-02T03:04:05.678Z"),
  "00112233-4455-6677-8899-aabbccddeeff", Buffer.from([0, 1, 255]), null];

function conflict(error) {
  assert.equal(error.code, "40001", error.message);
  assert.match(error.message, /OC000/);
}

/// Ends the program with the reason if a client fails.
function run(main) {
  main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
}

module.exports = { ROW, TABLE, assert, conflict, hosts, place, regions, run, tls, tokens };
