/**
 * Who may call what: every operation of the OpenAPI document, by everybody there is. What is expected is declared beside
 * each route, as its `x-access`; a route that is missing from the document fails another test.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { BUILT_IN_ROLES } from '../../src/domain/accounts/permissions.ts';
import { request, signUp, type TestUser } from '../support/accounts.ts';
import { type Operation, readOperations } from '../support/operations.ts';

/** An id of the right form that nothing has. */
const NOBODYS: Record<string, string> = {
  order_id: 'ord_0000000000000000',
  product_id: 'prd_0000000000000000',
  size_id: 'siz_0000000000000000',
  user_id: 'usr_0000000000000000',
  listing_id: 'lst_0000000000000000',
};
/** These end the session that asks, so they come last. */
const ENDING = /logout|signOut|deleteAccount|deleteMe|revoke|endSession/i;

let operations: Operation[] = [];
const users = new Map<string, TestUser>();

beforeAll(async () => {
  const all = await readOperations();
  operations = all.sort((a, b) => Number(ENDING.test(a.id)) - Number(ENDING.test(b.id)));
  for (const { name } of BUILT_IN_ROLES) users.set(name, await signUp(`matrix-${name}`, name));
});

/** A request with nothing in it: who may not ask is refused before anything is looked at. */
async function ask({ method, path, statuses }: Operation, token: string | undefined): Promise<number> {
  const isSocket = statuses.includes('101');
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => NOBODYS[name] ?? 'x_0000000000000000');
  const response = await request(target, {
    method,
    token,
    ...(method === 'GET' ? {} : { json: {} }),
    ...(isSocket ? { headers: { Upgrade: 'websocket' } } : {}),
  });
  response.webSocket?.accept();
  response.webSocket?.close(1000);
  await response.body?.cancel();
  return response.status;
}

describe('the matrix of access', () => {
  it('covers every way there is to be let in', () => {
    const kinds = new Set(operations.map(({ access }) => access.replace(/:.*/, '')));
    expect(kinds).toEqual(new Set(['anyone', 'signature', 'user', 'party', 'permission']));
  });

  it('lets nobody in without a token who needs one, and nobody with a bad one', async () => {
    const astray: string[] = [];
    for (const operation of operations) {
      const isOpen = ['anyone', 'signature'].includes(operation.access);
      for (const token of [undefined, 'not.a.token']) {
        if (isOpen && token !== undefined) continue;
        const status = await ask(operation, token);
        // An open sign-in refuses wrong credentials, which says nothing of the caller.
        const isSignIn = /login|token|refresh|webhook|verify|reset|challenge|two-factor/i.test(
          operation.path,
        );
        if (isOpen ? status === 401 && !isSignIn : status !== 401)
          astray.push(`${operation.name} (${operation.access}): ${status} ${token ?? 'anonymous'}`);
      }
    }
    expect(astray).toEqual([]);
  });

  for (const { name, permissions } of BUILT_IN_ROLES) {
    it(`lets ${name} do what the role may, and nothing else`, async () => {
      const { token } = users.get(name)!;
      const astray: string[] = [];
      for (const operation of operations) {
        if (operation.access === 'signature') continue;
        const needed = operation.access.replace(/^permission:/, '');
        const mayAsk = needed === operation.access || (permissions as readonly string[]).includes(needed);
        const status = await ask(operation, ENDING.test(operation.id) ? (await again(name)).token : token);
        const isRefused = status === 401 || (needed !== operation.access && status === 403);
        const isSignIn = operation.access === 'anyone' && status === 401;
        if (isRefused === mayAsk && !isSignIn)
          astray.push(`${operation.name} (${operation.access}): ${status}`);
        if (status >= 500) astray.push(`${operation.name}: ${status}`);
      }
      expect(astray).toEqual([]);
    });
  }

  it('shows a stranger nothing of what is somebody’s: an id that nothing has is no id', async () => {
    const stranger = await signUp('matrix-stranger');
    const astray: string[] = [];
    for (const operation of operations.filter(
      ({ access, params }) => access === 'party' && params.length > 0,
    )) {
      const status = await ask(operation, stranger.token);
      // Without a body that fits, a refusal of the body comes first; it tells nothing either.
      if (![404, 422, 400, 415].includes(status)) astray.push(`${operation.name}: ${status}`);
    }
    expect(astray).toEqual([]);
  });
});

let others = 0;
async function again(role: string): Promise<TestUser> {
  others += 1;
  return signUp(`matrix-${role}-${others}`, role);
}
