/** What is somebody's, asked for by somebody else: every operation of a party, on things that are really there. */
import { beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { buildHouse, type House, pathIn } from '../support/house.ts';
import { type Operation, readOperations, valueFor } from '../support/operations.ts';

let house: House;
let stranger: TestUser;
let operations: Operation[];

beforeAll(async () => {
  house = await buildHouse();
  stranger = await signUp('house-stranger');
  operations = (await readOperations()).filter(
    ({ access, params }) => access === 'party' && params.length > 0,
  );
}, 120_000);

/** Bodies of which the schema alone does not say enough. */
const BODIES: Record<string, unknown> = {
  changeSavedSearch: { name: 'Mine now' },
  changeListing: { title: 'Mine now' },
  changeListingPhoto: { alt: 'Mine now' },
  reactToMessage: { emoji: '👍' },
  sendOfferMessage: { message: 'Hello' },
  sendOfferMessageWithSlash: { message: 'Hello' },
  editReview: { rating: 1 },
};
/** Everybody reads a published review; only the one whom it is about may reply, and only its author may edit. */
const REFUSALS: Record<string, number> = { replyToReview: 403, editReview: 403 };

/** A request that its owner could make, with a body that fits. */
async function ask(operation: Operation, user: TestUser): Promise<Response> {
  const isFile = /\/(images|photos|avatar|documents)$/.test(operation.path);
  return request(pathIn(house, operation.path, house.ann), {
    method: operation.method,
    token: user.token,
    headers: {
      'If-Match': '*',
      ...(operation.statuses.includes('101') ? { Upgrade: 'websocket' } : {}),
      ...(isFile ? { 'Content-Type': 'image/png' } : {}),
    },
    ...(operation.body === null || isFile
      ? {}
      : { json: BODIES[operation.id] ?? (await valueFor(operation.body)) }),
  });
}

/** Everything that a stranger could have changed. */
const OWNED = [
  'orders',
  'order_history',
  'payments',
  'refunds',
  'payouts',
  'payment_methods',
  'card_setups',
  'addresses',
  'listings',
  'listing_photos',
  'offers',
  'offer_moves',
  'conversation_messages',
  'conversation_participants',
  'disputes',
  'dispute_entries',
  'reviews',
  'saved_searches',
  'streams',
  'book_orders',
  'ledger_entries',
];
async function state(): Promise<Record<string, unknown[]>> {
  const tables: Record<string, unknown[]> = {};
  for (const table of OWNED) {
    const { results } = await deps.d1.prepare(`select * from ${table} order by 1, 2`).all();
    tables[table] = results;
  }
  return tables;
}

describe('a stranger', () => {
  it('is told that nothing of somebody else’s exists, and changes nothing', async () => {
    const before = await state();
    const astray: string[] = [];
    for (const operation of operations) {
      const response = await ask(operation, stranger);
      response.webSocket?.accept();
      const text = await response.text();
      if (response.status !== (REFUSALS[operation.id] ?? 404))
        astray.push(`${operation.name} (${operation.id}): ${response.status} ${text.slice(0, 200)}`);
    }
    expect(astray).toEqual([]);
    expect(await state()).toEqual(before);
  });

  it('gets the same answer for what is not theirs as for what does not exist', async () => {
    const different: string[] = [];
    for (const operation of operations.filter(
      ({ method, statuses }) => method === 'GET' && !statuses.includes('101'),
    )) {
      const foreign = await bodyOf(await ask(operation, stranger));
      const missing = await bodyOf(
        await request(
          pathIn(house, operation.path, house.ann).replaceAll(
            /_[0-9a-hjkmnp-tv-z]{16}/g,
            '_0000000000000000',
          ),
          { token: stranger.token },
        ),
      );
      if (foreign.code !== missing.code || foreign.detail !== missing.detail)
        different.push(
          `${operation.name}: ${foreign.code} ${foreign.detail} / ${missing.code} ${missing.detail}`,
        );
    }
    expect(different).toEqual([]);
  });
});
