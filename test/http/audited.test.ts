/** Whatever somebody does by a permission leaves a line in the audit log: every operation of the document, in a house. */
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { auditLog } from '../../src/db/house-schema.ts';
import { request } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { buildHouse, type House, pathIn } from '../support/house.ts';
import { type Operation, readOperations, valueFor } from '../support/operations.ts';

let house: House;
let operations: Operation[];

beforeAll(async () => {
  house = await buildHouse();
  operations = (await readOperations()).filter(
    ({ method, access }) => method !== 'GET' && access.startsWith('permission:'),
  );
}, 120_000);

/** Where no body that is made from the schema would do. */
const BODIES: Record<string, Record<string, unknown>> = {
  changeProduct: { featured: true },
  changeSize: { sort_order: 7 },
  changeImage: { alt: 'The left shoe' },
  changeBookRules: { status: 'cancel_only', reason: 'A test' },
  createCategory: { name: 'Lanterns', slug: 'lanterns' },
  resolveReport: { outcome: 'warn_user', note: 'A test' },
};

/** What needs no line, and why. */
const EXEMPT: Record<string, string> = {
  moveInventory: 'has an audit trail of its own, append-only and with its actor: /sizes/{size_id}/inventory',
  previewNotificationTemplate: 'changes nothing',
  cancelAnnouncement: 'changed nothing here: everybody has been told; a cancellation is written down',
  demoChargeback: 'plays the bank in the local demonstration',
  demoCloseChargeback: 'plays the bank in the local demonstration',
  demoFailPayout: 'plays the bank in the local demonstration',
};
/** As many are done at least; the others were refused by the state of the house, and change nothing then. */
const DONE_AT_LEAST = 37;

describe('what is done by a permission', () => {
  it('is in the audit log', async () => {
    const unwritten: string[] = [];
    let done = 0;
    for (const operation of operations) {
      const body =
        BODIES[operation.id] ?? (operation.body === null ? undefined : await valueFor(operation.body));
      const response = await request(pathIn(house, operation.path, house.admin), {
        method: operation.method,
        token: house.admin.token,
        headers: { 'If-Match': '*' },
        ...(body === undefined ? {} : { json: body }),
      });
      const text = await response.text();
      const requestId = response.headers.get('X-Request-Id')!;
      expect(response.status, `${operation.id}: ${text}`).toBeLessThan(500);
      if (response.status >= 300) continue;
      done += 1;
      const lines = await deps.db.select().from(auditLog).where(eq(auditLog.requestId, requestId));
      if (lines.length === 0 && !(operation.id in EXEMPT)) unwritten.push(operation.id);
    }
    expect(unwritten).toEqual([]);
    expect(done).toBeGreaterThanOrEqual(DONE_AT_LEAST);
    const known = operations.map(({ id }) => id);
    expect(Object.keys(EXEMPT).filter((id) => !known.includes(id))).toEqual([]);
  });
});
