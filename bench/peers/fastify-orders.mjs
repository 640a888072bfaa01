/**
 * The peer of the order benchmark: the same job as Bourse's `POST /bids` and `/asks`, written for Fastify and
 * better-sqlite3. The same tokens, verified once and cached; the body validated by Fastify's schema; matched by the very
 * same engine; the order and the idempotency row stored in one transaction, durable before the answer.
 * `node fastify-orders.mjs DATABASE_FILE`; the key is taken from TOKEN_SIGNING_KEY, the port is printed.
 */
import { createHash, createPrivateKey, createPublicKey, verify } from 'node:crypto';
import Database from 'better-sqlite3';
import Fastify from 'fastify';
import { Book } from '../../src/domain/market/book.ts';
import { recordOf } from '../../src/domain/market/record.ts';
import { takenView } from '../../src/wire/orders.ts';

const jwk = JSON.parse(Buffer.from(process.env.TOKEN_SIGNING_KEY, 'base64url').toString('utf8'));
const publicKey = createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' }));
const LIFETIME_MS = 30 * 24 * 3_600_000;
const FEES = [{ id: 'fee_match_usd', buyerBps: 500, sellerBps: 400, minimumCents: 0, validFromMs: 0 }];

const database = new Database(process.argv[2]);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec(`
  CREATE TABLE orders (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE idempotency (user_id TEXT NOT NULL, key TEXT NOT NULL, body_hash TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (user_id, key)) STRICT, WITHOUT ROWID;
`);
const findAnswer = database.prepare(
  'SELECT body_hash, answer FROM idempotency WHERE user_id = ? AND key = ?',
);
const insertOrder = database.prepare('INSERT INTO orders (seq, body) VALUES (?, ?)');
const insertAnswer = database.prepare(
  'INSERT INTO idempotency (user_id, key, body_hash, answer) VALUES (?, ?, ?, ?)',
);
const store = database.transaction((record, userId, key, bodyHash, answer) => {
  insertOrder.run(record.seq, JSON.stringify(record));
  insertAnswer.run(userId, key, bodyHash, answer);
});

const book = new Book({
  priceRule: 'ask',
  tickCents: 10,
  selfTrade: 'cancel_newest',
  status: 'open',
  collarFactor: 5,
  retailCents: 50_000,
  maxOpenOrdersPerUser: 1_000_000,
});

const verified = new Map();

function userOf(header) {
  if (header === undefined || !header.startsWith('Bearer ')) return null;
  const token = header.slice(7);
  const known = verified.get(token);
  if (known !== undefined) return known.expiresAtMs > Date.now() ? known.userId : null;
  const [head, payload, signature] = token.split('.');
  if (!verify(null, Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, 'base64url')))
    return null;
  const { sub, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  verified.set(token, { userId: sub, expiresAtMs: exp * 1_000 });
  return sub;
}

const app = Fastify();

function addSide(side) {
  const schema = {
    body: {
      type: 'object',
      additionalProperties: false,
      required: ['product_id', 'size_id', 'price_cents'],
      properties: {
        product_id: { type: 'string', maxLength: 40 },
        size_id: { type: 'string', maxLength: 40 },
        price_cents: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        quantity: { type: 'integer', minimum: 1, maximum: 100, default: 1 },
        time_in_force: { enum: ['gtc', 'gtt', 'ioc', 'fok'], default: 'gtc' },
        post_only: { type: 'boolean', default: false },
      },
    },
  };
  app.post(`/api/v1/${side}s`, { schema }, (request, reply) => {
    const userId = userOf(request.headers.authorization);
    if (userId === null) return reply.code(401).send({ code: 'invalid_token' });
    const { body } = request;
    const key = request.headers['idempotency-key'];
    const bodyHash = createHash('sha256').update(JSON.stringify(body)).digest('base64url');
    const first = findAnswer.get(userId, key);
    if (first !== undefined) {
      if (first.body_hash !== bodyHash) return reply.code(422).send({ code: 'idempotency_key_reused' });
      return reply.code(201).type('application/json').send(first.answer);
    }
    const nowMs = Date.now();
    const placed = book.place(
      {
        side,
        userId,
        clientId: null,
        priceCents: body.price_cents,
        quantity: body.quantity,
        timeInForce: body.time_in_force,
        postOnly: body.post_only,
        expiresAtMs: nowMs + LIFETIME_MS,
        confirm: false,
      },
      nowMs,
    );
    if (!placed.ok) return reply.code(409).send({ code: placed.error.code });
    const record = recordOf('place', placed.value, FEES, request.id);
    const facts = {
      bookKey: body.size_id.slice(4),
      productId: body.product_id,
      sizeId: body.size_id,
      currency: 'USD',
    };
    const answer = JSON.stringify(takenView(record, facts));
    store(record, userId, key, bodyHash, answer);
    return reply.code(201).type('application/json').send(answer);
  });
}

addSide('bid');
addSide('ask');
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(app.server.address().port);
