import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LISTING_ACTIONS,
  LISTING_LIFE_MS,
  LISTING_ROLES,
  LISTING_STATUSES,
  type ListingAction,
  type ListingRole,
  type ListingState,
  type ListingStatus,
  listingActor,
} from '../../../src/domain/listings/listing.ts';
import {
  allowedActions,
  buyingWays,
  createListing,
  isDue,
  listingStep,
} from '../../../src/domain/listings/listing-machine.ts';
import { DAY_MS } from '../../../src/domain/time.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const HOLDER = 'ofr_0123456789abcdef';

/** C.3 written out by hand, apart from the table under test: `from action role[,role] -> to`. */
const EXPECTED = `
  draft    edit            owner             -> draft
  draft    arrange_photos  owner             -> draft
  draft    publish         owner             -> active
  draft    delete          owner             -> deleted
  draft    remove          moderator,system  -> removed

  active   edit            owner             -> active
  active   arrange_photos  owner             -> active
  active   pause           owner,system      -> paused
  active   delete          owner             -> deleted
  active   remove          moderator,system  -> removed
  active   reserve         system            -> reserved

  paused   edit            owner             -> paused
  paused   arrange_photos  owner             -> paused
  paused   resume          owner,system      -> active
  paused   delete          owner             -> deleted
  paused   remove          moderator,system  -> removed

  expired  edit            owner             -> expired
  expired  arrange_photos  owner             -> expired
  expired  relist          owner             -> active
  expired  delete          owner             -> deleted
  expired  remove          moderator,system  -> removed

  reserved release         system            -> active
  reserved sell            system            -> sold
  reserved return          system            -> active
  reserved shelve          system            -> paused
  sold     return          system            -> active
  sold     shelve          system            -> paused

  removed  restore         moderator         -> active
`;

const EDGES = new Map(
  EXPECTED.split('\n')
    .map((line) => /^\s*(\w+)\s+(\w+)\s+([\w,]+)\s+-> (\w+)$/.exec(line))
    .filter((match) => match !== null)
    .flatMap(([, from, action, roles, to]) =>
      roles!.split(',').map((role) => [`${from} ${action} ${role}`, to!] as const),
    ),
);

function listingIn(status: ListingStatus): ListingState {
  const isHeld = status === 'reserved' || status === 'sold';
  return {
    id: 'lst_0123456789abcdef',
    sellerId: 'usr_seller',
    status,
    version: 7,
    reservedFor: isHeld ? HOLDER : null,
    listedAtMs: status === 'draft' ? null : NOW_MS - DAY_MS,
    expiresAtMs: status === 'draft' ? null : NOW_MS + DAY_MS,
    soldAtMs: status === 'sold' ? NOW_MS - 1 : null,
    removedFrom: status === 'removed' ? 'active' : null,
    removedReason: status === 'removed' ? 'counterfeit' : null,
  };
}

const STEPS = LISTING_ACTIONS.filter((action) => action !== 'create');
const take = (
  listing: ListingState,
  action: Exclude<ListingAction, 'create'>,
  role: ListingRole,
  atMs = NOW_MS,
) => listingStep(listing, action, { id: 'usr_any', role }, { reason: 'because', holder: HOLDER }, atMs);

describe('a listing', () => {
  it('takes the steps of its table and no other', () => {
    expect(EDGES.size).toBeGreaterThan(30);
    for (const from of LISTING_STATUSES)
      for (const action of STEPS)
        for (const role of LISTING_ROLES) {
          const step = take(listingIn(from), action, role);
          const expected = EDGES.get(`${from} ${action} ${role}`);
          expect(step.ok ? step.value.listing.status : undefined, `${from} ${action} ${role}`).toBe(expected);
        }
  });

  it('says what can be done as it can be done', () => {
    for (const status of LISTING_STATUSES)
      for (const role of ['owner', 'moderator'] as const)
        expect(new Set(allowedActions(listingIn(status), role, NOW_MS)), `${status} ${role}`).toEqual(
          new Set(STEPS.filter((action) => EDGES.has(`${status} ${action} ${role}`))),
        );
  });

  it('that comes back after its days were over is put up anew, whoever brings it back', () => {
    for (const role of ['owner', 'system'] as const) {
      const over = take({ ...listingIn('paused'), expiresAtMs: NOW_MS }, 'resume', role);
      expect(over).toMatchObject({
        value: {
          event: 'listing.relisted',
          listing: { status: 'active', listedAtMs: NOW_MS, expiresAtMs: NOW_MS + LISTING_LIFE_MS },
          history: { action: 'resume' },
        },
      });
    }
    const inTime = take({ ...listingIn('paused'), expiresAtMs: NOW_MS + 1 }, 'resume', 'owner');
    expect(inTime).toMatchObject({
      value: { event: 'listing.resumed', listing: { expiresAtMs: NOW_MS + 1 } },
    });
  });

  it('that is due takes nothing but its expiry, and nothing else expires', () => {
    const due: ListingState = { ...listingIn('active'), expiresAtMs: NOW_MS };
    expect(isDue(due, NOW_MS)).toBe(true);
    expect(isDue(due, NOW_MS - 1)).toBe(false);
    for (const action of STEPS)
      for (const role of LISTING_ROLES)
        expect(take(due, action, role).ok, `${action} ${role}`).toBe(
          action === 'expire' && role === 'system',
        );
    expect(take(due, 'expire', 'system')).toMatchObject({ value: { listing: { status: 'expired' } } });
    expect(allowedActions(due, 'owner', NOW_MS)).toContain('relist');
    for (const status of LISTING_STATUSES)
      expect(take({ ...listingIn(status) }, 'expire', 'system').ok, status).toBe(false);
  });

  it('is released, sold or returned for nobody but the one it is promised to', () => {
    for (const action of ['release', 'sell', 'return', 'shelve'] as const) {
      const system = { id: 'system', role: 'system' } as const;
      const other = listingStep(listingIn('reserved'), action, system, { holder: 'ofr_other' }, NOW_MS);
      expect(other).toMatchObject({ ok: false, error: { code: 'invalid_transition' } });
      const mine = listingStep(listingIn('reserved'), action, system, { holder: HOLDER }, NOW_MS);
      expect(mine).toMatchObject({
        ok: true,
        value: { listing: { reservedFor: action === 'sell' ? HOLDER : null } },
      });
    }
    const nobody = listingStep(listingIn('active'), 'reserve', { id: 'system', role: 'system' }, {}, NOW_MS);
    expect(nobody.ok).toBe(false);
  });

  it('is on sale for ninety days from when its owner puts it up, and a pause does not prolong them', () => {
    const published = take(listingIn('draft'), 'publish', 'owner');
    expect(published).toMatchObject({
      value: { listing: { listedAtMs: NOW_MS, expiresAtMs: NOW_MS + LISTING_LIFE_MS } },
    });
    const relisted = take(listingIn('expired'), 'relist', 'owner');
    expect(relisted).toMatchObject({ value: { listing: { expiresAtMs: NOW_MS + LISTING_LIFE_MS } } });
    const resumed = take(listingIn('paused'), 'resume', 'owner');
    expect(resumed).toMatchObject({ value: { listing: { expiresAtMs: NOW_MS + DAY_MS } } });
  });

  it('is removed with a reason and restored to where it was', () => {
    for (const from of ['draft', 'active', 'paused', 'expired'] as const) {
      const removed = take(listingIn(from), 'remove', 'moderator');
      if (!removed.ok) throw new Error(from);
      expect(removed.value.listing).toMatchObject({ removedFrom: from, removedReason: 'because' });
      const restored = take(removed.value.listing, 'restore', 'moderator');
      expect(restored).toMatchObject({ value: { listing: { status: from, removedReason: null } } });
    }
    const silent = listingStep(
      listingIn('active'),
      'remove',
      { id: 'usr_mod', role: 'moderator' },
      { reason: ' ' },
      NOW_MS,
    );
    expect(silent).toMatchObject({ ok: false, error: { code: 'reason_required' } });
  });

  it('keeps a contiguous past, one holder while it is promised and none otherwise, whatever is done to it', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            action: fc.constantFrom(...STEPS),
            role: fc.constantFrom(...LISTING_ROLES),
            holder: fc.constantFrom('ofr_a', 'ofr_b'),
            waitMs: fc.constantFrom(0, 1, 40 * DAY_MS),
          }),
          { maxLength: 60 },
        ),
        (moves) => {
          let nowMs = NOW_MS;
          let { listing, history } = createListing(
            { id: 'lst_0123456789abcdef', sellerId: 'usr_seller', status: 'draft' },
            nowMs,
          );
          for (const { action, role, holder, waitMs } of moves) {
            nowMs += waitMs;
            const step = listingStep(
              listing,
              action,
              { id: 'usr_any', role },
              { reason: 'r', holder },
              nowMs,
            );
            if (!step.ok) continue;
            expect(step.value.history.from).toBe(history.to);
            expect(step.value.history.version).toBe(history.version + 1);
            ({ listing, history } = step.value);
            expect(listing.reservedFor !== null).toBe(['reserved', 'sold'].includes(listing.status));
            expect(listing.soldAtMs !== null).toBe(listing.status === 'sold');
            expect(listing.removedFrom !== null).toBe(listing.status === 'removed');
            if (listing.status === 'active') expect(listing.listedAtMs).not.toBeNull();
          }
        },
      ),
    );
  });

  it('knows its owner before its moderators, and strangers not at all', () => {
    const listing = { sellerId: 'usr_seller' };
    expect(listingActor(listing, { id: 'usr_seller', isModerator: true })?.role).toBe('owner');
    expect(listingActor(listing, { id: 'usr_mod', isModerator: true })?.role).toBe('moderator');
    expect(listingActor(listing, { id: 'usr_any', isModerator: false })).toBeNull();
  });

  it('can be bought while it is on sale, and bargained or swapped for when it says so', () => {
    const open = {
      status: 'active',
      expiresAtMs: NOW_MS + 1,
      isNegotiable: true,
      acceptsSwaps: true,
    } as const;
    expect(buyingWays(open, NOW_MS)).toEqual(['buy', 'make_offer', 'propose_swap']);
    expect(buyingWays({ ...open, isNegotiable: false, acceptsSwaps: false }, NOW_MS)).toEqual(['buy']);
    expect(buyingWays(open, NOW_MS + 1)).toEqual([]);
    expect(buyingWays({ ...open, status: 'reserved' }, NOW_MS)).toEqual([]);
  });
});
