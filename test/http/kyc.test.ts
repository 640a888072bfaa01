import { env } from 'cloudflare:workers';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { auditLog } from '../../src/db/house-schema.ts';
import { kycDocuments, kycVerifications } from '../../src/db/identity-schema.ts';
import { users } from '../../src/db/schema.ts';
import { MAX_KYC_DOCUMENTS } from '../../src/domain/accounts/verification.ts';
import { DAY_MS } from '../../src/domain/time.ts';
import { kycObjectKey } from '../../src/features/accounts/kyc-object.ts';
import { forgetAbandonedDocuments, LINK_SECONDS } from '../../src/features/kyc/kyc-documents.usecases.ts';
import { bodyOf, request, signUp, signUpAdmin, TEST_PASSWORD, type TestUser } from '../support/accounts.ts';
import { refusalOf } from '../support/catalog.ts';
import { allDone } from '../support/domain-events.ts';
import { greyPng } from '../support/pictures.ts';
import { keepEvents, seenEvents } from '../support/seen-events.ts';

const { deps } = composeOnce(env);
const PERSON = { legal_name: 'Ada von Example', birth_date: '1990-02-28', country: 'DE' };
const PDF = new TextEncoder().encode('%PDF-1.7 a secret number: 123456789');
let admin: TestUser;

interface Document {
  id: string;
  url: string;
}
interface State {
  status: string;
  documents: Document[];
  waiting_documents: Document[];
  allowed_actions: string[];
  reason: string | null;
}
const send = (method: string, path: string, user: TestUser | null, json?: unknown) =>
  request(`/api/v1${path}`, { method, token: user?.token, ...(json === undefined ? {} : { json }) });
const upload = (user: TestUser | null, kind = 'passport', body: BodyInit = PDF) =>
  request(`/api/v1/me/verification/documents?kind=${kind}`, {
    method: 'POST',
    token: user?.token,
    body,
    headers: { 'Content-Type': 'application/pdf' },
  });
const uploaded = async (user: TestUser, kind = 'passport') => bodyOf<Document>(await upload(user, kind));
const submit = (user: TestUser | null, json: unknown = PERSON) =>
  send('POST', '/me/verification', user, json);
const stateOf = async (user: TestUser) => bodyOf<State>(await send('GET', '/me/verification', user));
const queueIdOf = async (user: TestUser) =>
  (await deps.db.select().from(kycVerifications).where(eq(kycVerifications.userId, user.userId))).at(-1)!.id;
const decide = (actor: TestUser | null, id: string, verdict: 'approve' | 'reject', json: unknown = {}) =>
  send('POST', `/admin/verifications/${id}/${verdict}`, actor, json);

async function applicant(name: string): Promise<{ user: TestUser; id: string }> {
  const user = await signUp(name);
  await uploaded(user);
  expect((await submit(user)).status).toBe(201);
  return { user, id: await queueIdOf(user) };
}

beforeAll(async () => {
  await keepEvents();
  admin = await signUpAdmin('kyc-admin');
});

describe('asking to be verified', () => {
  it('goes from none to pending with what was uploaded', async () => {
    const user = await signUp('kyc-anna');
    expect(await stateOf(user)).toMatchObject({
      status: 'none',
      allowed_actions: ['upload_document', 'submit'],
    });
    await uploaded(user);
    await uploaded(user, 'selfie');
    const answer = await submit(user);
    expect([answer.status, await bodyOf<State>(answer)]).toMatchObject([
      201,
      { status: 'pending', allowed_actions: [], waiting_documents: [] },
    ]);
    const state = await stateOf(user);
    expect(state.documents).toHaveLength(2);
    expect(state).toMatchObject(PERSON);
    expect(await refusalOf(await submit(user))).toBe('409 kyc_pending');
  });

  it('keeps documents and names where nobody reads them', async () => {
    const { user, id } = await applicant('kyc-ben');
    const [row] = await deps.db.select().from(kycVerifications).where(eq(kycVerifications.id, id));
    expect(JSON.stringify(row)).not.toMatch(/Ada|1990/);
    const [document] = (await stateOf(user)).documents;
    const stored = await env.MEDIA.get(kycObjectKey(document!.id));
    const bytes = Buffer.from(await stored!.arrayBuffer());
    expect(bytes.includes('123456789')).toBe(false);
    for (const path of [`/media/${kycObjectKey(document!.id)}`, `/media/private/kyc/${document!.id}`])
      expect((await request(path)).status).toBe(404);
  });

  it('needs a document that says who somebody is, and sound facts', async () => {
    const user = await signUp('kyc-cleo');
    await uploaded(user, 'selfie');
    expect(await refusalOf(await submit(user))).toBe('422 kyc_documents_missing');
    await uploaded(user);
    for (const change of [
      { country: 'Germany' },
      { birth_date: '1990-02-30' },
      { birth_date: '0001-01-01' },
      { legal_name: '' },
      { legal_name: 'x'.repeat(161) },
      { status: 'approved' },
    ])
      expect(await refusalOf(await submit(user, { ...PERSON, ...change }))).toBe('422 validation_failed');
    expect(await refusalOf(await submit(null))).toBe('401 unauthenticated');
  });

  it('takes documents alone, of a bearable size and number', async () => {
    const user = await signUp('kyc-dan');
    expect(await refusalOf(await upload(user, 'passport', '<svg onload=alert(1)>'))).toBe(
      '422 invalid_document',
    );
    expect(await refusalOf(await upload(user, 'passport', new Uint8Array(11_000_000)))).toBe(
      '413 body_too_large',
    );
    expect(await refusalOf(await upload(user, 'diary'))).toBe('422 validation_failed');
    expect(await refusalOf(await upload(null))).toBe('401 unauthenticated');
    const answers = await Promise.all(
      Array.from({ length: MAX_KYC_DOCUMENTS + 2 }, () => upload(user, 'passport', greyPng(4, 4))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(MAX_KYC_DOCUMENTS);
    expect(await refusalOf(await upload(user))).toBe('409 too_many_documents');
  });

  it('makes one request of many at once', async () => {
    const user = await signUp('kyc-eve');
    await uploaded(user);
    const answers = await Promise.all([submit(user), submit(user), submit(user)]);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect((await stateOf(user)).documents).toHaveLength(1);
  });

  it('lets go of a document that is not handed in, and of no other', async () => {
    const { user } = await applicant('kyc-fay');
    const [handedIn] = (await stateOf(user)).documents;
    const loose = await uploaded(user, 'selfie');
    const stranger = await signUp('kyc-fay-stranger');
    const remove = (who: TestUser, id: string) => send('DELETE', `/me/verification/documents/${id}`, who);
    expect(await refusalOf(await remove(stranger, loose.id))).toBe('404 document_not_found');
    expect(await refusalOf(await remove(user, handedIn!.id))).toBe('404 document_not_found');
    expect((await remove(user, loose.id)).status).toBe(204);
    expect(await env.MEDIA.head(kycObjectKey(loose.id))).toBeNull();
  });

  it('forgets what was never handed in after a week', async () => {
    const user = await signUp('kyc-gus');
    const loose = await uploaded(user);
    await deps.db
      .update(kycDocuments)
      .set({ createdAt: deps.now() - 8 * DAY_MS })
      .where(eq(kycDocuments.id, loose.id));
    await forgetAbandonedDocuments(deps, deps.now());
    expect(await env.MEDIA.head(kycObjectKey(loose.id))).toBeNull();
    expect((await stateOf(user)).waiting_documents).toEqual([]);
  });
});

describe('the address of a document', () => {
  it('opens it for a few minutes, as a download that runs nothing', async () => {
    const { user } = await applicant('link-hal');
    const [document] = (await stateOf(user)).documents;
    const answer = await request(document!.url);
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(PDF))).toBe(true);
    expect(answer.headers.get('Content-Type')).toBe('application/pdf');
    expect(answer.headers.get('Content-Disposition')).toMatch(/^attachment/);
    expect(answer.headers.get('Cache-Control')).toBe('private, no-store');
    expect(answer.headers.get('Content-Security-Policy')).toContain('sandbox');
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
    const now = deps.now;
    try {
      deps.now = () => now() + LINK_SECONDS * 1000;
      expect(await refusalOf(await request(document!.url))).toBe('400 invalid_signature');
    } finally {
      deps.now = now;
    }
  });

  it('is of no use when a part of it is changed', async () => {
    const { user } = await applicant('link-ida');
    const other = await applicant('link-jon');
    const [document] = (await stateOf(user)).documents;
    const [theirs] = (await stateOf(other.user)).documents;
    const url = new URL(document!.url, 'https://bourse.test');
    const changed = (change: (at: URL) => void) => {
      const copy = new URL(url);
      change(copy);
      return `${copy.pathname}${copy.search}`;
    };
    for (const path of [
      changed((at) => {
        at.pathname = at.pathname.replace(document!.id, theirs!.id);
      }),
      changed((at) => at.searchParams.set('expires', String(deps.now() + DAY_MS))),
      changed((at) => at.searchParams.set('viewer', other.user.userId)),
      changed((at) => at.searchParams.set('signature', 'x'.repeat(43))),
      changed((at) => at.searchParams.delete('signature')),
      url.pathname,
      `${url.pathname}?expires=NaN&viewer=&signature=`,
    ])
      expect(await refusalOf(await request(path)), path).toBe('400 invalid_signature');
  });
});

describe('a decision', () => {
  it('approves: the badge, the role, the word to the user, and the lines in the audit log', async () => {
    const { user, id } = await applicant('decide-kim');
    const opened = await bodyOf<State & { allowed_actions: string[] }>(
      await send('GET', `/admin/verifications/${id}`, admin),
    );
    expect(opened).toMatchObject({ ...PERSON, allowed_actions: ['approve', 'reject'] });
    expect((await request(opened.documents[0]!.url)).status).toBe(200);
    expect((await decide(admin, id, 'approve', { note: 'all clear' })).status).toBe(200);
    expect(await stateOf(user)).toMatchObject({ status: 'approved', allowed_actions: [] });
    const profile = await bodyOf(await request(`/api/v1/users/${user.userId}`));
    expect(profile).toMatchObject({ is_verified_seller: true });
    const [row] = await deps.db.select().from(users).where(eq(users.id, user.userId));
    expect(row?.role).toBe('verified_seller');
    expect(await seenEvents('kyc.approved', user.userId)).toHaveLength(1);
    const lines = await deps.db.select().from(auditLog).where(eq(auditLog.targetId, id));
    expect(lines.map(({ action }) => action)).toEqual(['kyc_viewed', 'kyc_approved']);
    expect(lines[1]).toMatchObject({ actorId: admin.userId, reason: 'all clear' });
    await uploaded(user);
    expect(await refusalOf(await submit(user))).toBe('409 kyc_decided');
  });

  it('rejects with a reason, after which the user may hand in again', async () => {
    const { user, id } = await applicant('decide-lou');
    expect(await refusalOf(await decide(admin, id, 'reject'))).toBe('422 validation_failed');
    expect((await decide(admin, id, 'reject', { reason: 'The picture is blurred' })).status).toBe(200);
    expect(await stateOf(user)).toMatchObject({ status: 'rejected', reason: 'The picture is blurred' });
    expect((await seenEvents('kyc.rejected', user.userId))[0]?.data.reason).toBe('The picture is blurred');
    expect(await refusalOf(await submit(user))).toBe('422 kyc_documents_missing');
    await uploaded(user);
    expect((await submit(user)).status).toBe(201);
    expect((await stateOf(user)).status).toBe('pending');
  });

  it('is made once, whoever is faster', async () => {
    const { id } = await applicant('decide-max');
    const answers = await Promise.all([
      decide(admin, id, 'approve'),
      decide(admin, id, 'reject', { reason: 'x' }),
      decide(admin, id, 'approve'),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  it('is for reviewers, and not about themselves', async () => {
    const { user, id } = await applicant('decide-nia');
    const support = await signUp('kyc-support', 'support');
    for (const who of [null, user, support]) {
      const refusal = who === null ? '401 unauthenticated' : '403 forbidden';
      expect(await refusalOf(await send('GET', '/admin/verifications', who))).toBe(refusal);
      expect(await refusalOf(await send('GET', `/admin/verifications/${id}`, who))).toBe(refusal);
      expect(await refusalOf(await decide(who, id, 'approve'))).toBe(refusal);
      expect(await refusalOf(await decide(who, id, 'reject', { reason: 'x' }))).toBe(refusal);
    }
    await deps.db.update(users).set({ role: 'admin' }).where(eq(users.id, user.userId));
    expect(await refusalOf(await decide(user, id, 'approve'))).toBe('403 forbidden');
    expect(await refusalOf(await decide(admin, 'kyc_0000000000000000', 'approve'))).toBe('404 kyc_not_found');
  });

  it('waits its turn in the queue, the longest waiting first', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { data: { id: string; submitted_at: string }[]; next_cursor: string | null } = await bodyOf(
        await send('GET', `/admin/verifications?limit=2${cursor && `&cursor=${cursor}`}`, admin),
      );
      seen.push(...page.data.map(({ submitted_at }) => submitted_at));
      cursor = page.next_cursor;
    }
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort());
  });

  it('is gone with its documents when the user leaves', async () => {
    const { user } = await applicant('decide-oda');
    const [document] = (await stateOf(user)).documents;
    expect((await send('DELETE', '/me', user, { password: TEST_PASSWORD })).status).toBe(204);
    await allDone();
    expect(await env.MEDIA.head(kycObjectKey(document!.id))).toBeNull();
    expect(await deps.db.select().from(kycDocuments).where(eq(kycDocuments.userId, user.userId))).toEqual([]);
  });
});
