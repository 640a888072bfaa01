/**
 * The testing checklist of SL-39, line by line: what a tester of the souk once did by hand. Two users, one who buys and one
 * who sells, each on a line of their own (SL-14..26), beside the REST calls that do the same (SL-01..13).
 */
import { describe, expect, it } from 'vitest';
import { expireDueOffers } from '../../src/features/offers/offer-sweeps.usecases.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { refusalOf } from '../support/catalog.ts';
import {
  connectTo,
  device,
  eventsOf,
  heard,
  insideChannel,
  presenceTold,
  topicOf,
  upgradeTo,
} from '../support/channels.ts';
import { insideConversation } from '../support/conversations.ts';
import { allDone } from '../support/domain-events.ts';
import { createListing, readListing, type TestListing } from '../support/listings.ts';
import { answered, offer, offered, readOffer } from '../support/offers.ts';
import { at } from '../support/purchases.ts';
import type { Frame, TestSocket } from '../support/sockets.ts';

const HOUR_MS = 3_600_000;
let people = 0;
const somebody = (): Promise<TestUser> => {
  people += 1;
  return signUp(`tester${people}`);
};

interface Stage {
  buyer: TestUser;
  seller: TestUser;
  /** 450.00 AED between neighbours. */
  listing: TestListing;
  conversation: string;
}

/** A listing, and a conversation about it in which the buyer has said hello. */
async function stage(): Promise<Stage> {
  const [buyer, seller] = [await somebody(), await somebody()];
  const listing = await createListing(seller, {
    channel: 'community',
    location: { lat: 25.2048, lng: 55.2708, neighborhood: 'Downtown', city: 'Dubai' },
    offer_feed: 'first_name',
  });
  const response = await request('/api/v1/conversations', {
    token: buyer.token,
    json: { other_user_id: seller.userId, listing_id: listing.id, initial_message: 'Hello' },
  });
  const { id } = await bodyOf<{ id: string }>(response);
  return { buyer, seller, listing, conversation: id };
}

const event = (
  socket: TestSocket,
  type: string,
  fits: (data: Record<string, unknown>) => boolean = () => true,
) => eventsOf(socket).find((frame) => frame.type === type && fits(frame.data as Record<string, unknown>));
async function hears(
  socket: TestSocket,
  type: string,
  fits?: (data: Record<string, unknown>) => boolean,
): Promise<Frame> {
  await socket.until(() => event(socket, type, fits) !== undefined);
  return event(socket, type, fits)!;
}
const by = (user: TestUser) => (data: Record<string, unknown>) => data.user_id === user.userId;

describe('connecting', () => {
  it('1: a valid JWT opens a line by header, by subprotocol and by ticket, and is greeted', async () => {
    const user = await somebody();
    const { ticket } = await bodyOf<{ ticket: string }>(
      await request('/api/v1/ws-tickets', { method: 'POST', token: user.token }),
    );
    for (const socket of [await connectTo('/api/v1/ws', user.token), await connectTo(`/ws?ticket=${ticket}`)])
      expect(await hears(socket, 'connected')).toMatchObject({ data: { user_id: user.userId } });
    const bySubprotocol = await upgradeTo('/ws', {
      'Sec-WebSocket-Protocol': `bourse.v1, bearer.${user.token}`,
    });
    expect(bySubprotocol.status).toBe(101);
    bySubprotocol.webSocket?.accept();
    bySubprotocol.webSocket?.close();
  });

  it('2: an invalid JWT is refused', async () => {
    const { token } = await somebody();
    const [head, , signature] = token.split('.');
    const forged = `${head}.${btoa('{"sub":"usr_admin"}').replaceAll('=', '')}.${signature}`;
    for (const bad of ['nonsense', forged, `${token}x`])
      expect(await refusalOf(await upgradeTo('/api/v1/ws', { Authorization: `Bearer ${bad}` }))).toBe(
        '401 invalid_token',
      );
    expect(await refusalOf(await upgradeTo('/api/v1/ws'))).toBe('401 unauthenticated');
  });

  it('3: a JWT that has run out, and one whose session has ended, are refused', async () => {
    const user = await somebody();
    const old = await deps.tokens.sign(
      { userId: user.userId, sessionId: user.sessionId, username: user.username, roles: ['user'] },
      Date.now() - HOUR_MS,
    );
    expect(await refusalOf(await upgradeTo('/ws', { Authorization: `Bearer ${old.token}` }))).toBe(
      '401 invalid_token',
    );
    await request('/api/v1/auth/logout', { method: 'POST', token: user.token });
    expect(await refusalOf(await upgradeTo('/ws', { Authorization: `Bearer ${user.token}` }))).toBe(
      '401 invalid_token',
    );
  });

  it('4: whoever comes is online to who talks with them, and to nobody else', async () => {
    const { buyer, seller } = await stage();
    await allDone();
    const [his, theirs] = [await device(seller), await device(await somebody())];
    await presenceTold(seller);
    await device(buyer);
    expect(await hears(his, 'user:online', by(buyer))).not.toHaveProperty('seq');
    await presenceTold(buyer);
    await heard(theirs);
    expect(event(theirs, 'user:online')).toBeUndefined();
  });

  it('5: whoever goes is offline', async () => {
    const { buyer, seller } = await stage();
    await allDone();
    const his = await device(seller);
    const hers = await device(buyer);
    await hears(his, 'user:online', by(buyer));
    hers.close();
    expect(await hears(his, 'user:offline', by(buyer))).toMatchObject({
      data: { last_seen_at: expect.any(String) },
    });
  });

  it('6: a line that broke brings what was missed, in order and once', async () => {
    const { buyer, seller, conversation } = await stage();
    const first = await device(seller);
    await heard(first);
    const { seq } = await first.ask({ type: 'heartbeat' });
    first.close();
    const hers = await device(buyer);
    for (const content of ['One', 'Two', 'Three'])
      await hers.ask({ type: 'message:send', conversation_id: conversation, content });
    await hears(hers, 'message:new', ({ content }) => content === 'Three');
    const second = await device(seller, `?resume_from=${seq}`);
    await hears(second, 'message:new', ({ content }) => content === 'Three');
    await heard(second);
    const missed = eventsOf(second).filter(({ type }) => type === 'message:new');
    expect(missed.map(({ data }) => (data as { content: string }).content)).toEqual(['One', 'Two', 'Three']);
  });

  it('7: a heartbeat is answered with pong, a ping as well, and silence of two minutes ends the line', async () => {
    const user = await somebody();
    const socket = await device(user);
    expect(await socket.ask({ type: 'heartbeat' })).toMatchObject({ type: 'pong' });
    socket.sendRaw('ping');
    await socket.until(() => socket.texts.includes('pong'));
    const silent = await device(user);
    await heard(silent);
    await insideChannel(topicOf(user), async (innards) => {
      innards.now = () => Date.now() + 121_000;
    });
    await insideChannel(topicOf(user), (innards) =>
      (innards as unknown as { alarm(): Promise<void> }).alarm(),
    );
    await silent.until(() => silent.closedWith !== null);
    expect(silent.closedWith).toMatchObject({ code: 4408 });
  });

  it('8: every device of a user hears everything', async () => {
    const { buyer, seller, conversation } = await stage();
    const devices = await Promise.all([device(seller), device(seller), device(buyer), device(buyer)]);
    await devices[2]!.ask({ type: 'message:send', conversation_id: conversation, content: 'To all' });
    for (const socket of devices) await hears(socket, 'message:new', ({ content }) => content === 'To all');
  });
});

describe('conversations', () => {
  it('9: a conversation is begun once for each pair and listing', async () => {
    const { buyer, seller, listing, conversation } = await stage();
    for (const [user, other] of [
      [buyer, seller],
      [seller, buyer],
    ] as const) {
      const again = await request('/api/v1/conversations', {
        token: user.token,
        json: { other_user_id: other.userId, listing_id: listing.id },
      });
      expect(await bodyOf(again)).toMatchObject({ id: conversation });
    }
  });

  it('10: the inbox shows the last message and what is unread, and follows live', async () => {
    const { buyer, seller, conversation } = await stage();
    const his = await device(seller);
    const hers = await device(buyer);
    const sent = await hers.ask({
      type: 'message:send',
      conversation_id: conversation,
      content: 'Still there?',
    });
    await hears(his, 'inbox:updated', ({ unread_count }) => unread_count === 2);
    await deps.conversations.whenProjected(conversation, (sent.data as { rev: number }).rev, 5_000);
    const inbox = await bodyOf<{ data: Record<string, unknown>[] }>(
      await request('/api/v1/conversations?filter=unread', { token: seller.token }),
    );
    expect(inbox.data).toMatchObject([
      { id: conversation, unread_count: 2, last_message: { preview: 'Still there?' } },
    ]);
  });

  it('11: joining counts everything as read, and the other is told', async () => {
    const { buyer, seller, conversation } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    const joined = await his.ask({ type: 'conversation:join', conversation_id: conversation });
    expect(joined).toMatchObject({
      type: 'conversation:joined',
      data: { conversation_id: conversation, messages: [{ content: 'Hello', sender_id: buyer.userId }] },
    });
    expect(await hears(hers, 'messages:read', by(seller))).toMatchObject({ data: { seq: 1 } });
    await hears(his, 'inbox:updated', ({ unread_count }) => unread_count === 0);
  });

  it('12: a stranger can do nothing in it, whatever the frame', async () => {
    const { conversation } = await stage();
    const theirs = await device(await somebody());
    for (const frame of [
      { type: 'conversation:join' },
      { type: 'conversation:leave' },
      { type: 'message:send', content: 'Let me in' },
      { type: 'message:read' },
      { type: 'message:delivered', seq: 1 },
      { type: 'typing:start' },
      { type: 'typing:stop' },
    ])
      expect(await theirs.ask({ ...frame, conversation_id: conversation }), frame.type).toMatchObject({
        type: 'error',
        code: 'conversation_not_found',
      });
    expect(await theirs.ask({ type: 'conversation:join', conversation_id: 'cnv_none' })).toMatchObject({
      code: 'conversation_not_found',
    });
  });

  it('13: leaving is answered', async () => {
    const { buyer, conversation } = await stage();
    const hers = await device(buyer);
    expect(await hers.ask({ type: 'conversation:leave', conversation_id: conversation })).toMatchObject({
      type: 'conversation:left',
      data: { conversation_id: conversation },
    });
  });

  it('14: a message sent over the line is stored, answered, and told once; a repeat happens once', async () => {
    const { buyer, seller, conversation } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    const frame = {
      type: 'message:send',
      conversation_id: conversation,
      content: 'Is it oak?',
      client_id: 'm-1',
    };
    const sent = await hers.ask(frame);
    expect(sent).toMatchObject({ type: 'message:sent', data: { seq: 2, content: 'Is it oak?' } });
    expect(await hers.ask(frame)).toMatchObject({ type: 'message:sent', data: { seq: 2 } });
    expect(await hears(his, 'message:new')).toMatchObject({ id: sent.id, data: { sender_id: buyer.userId } });
    await heard(his);
    expect(eventsOf(his).filter(({ type }) => type === 'message:new')).toHaveLength(1);
    const page = await bodyOf<{ data: unknown[] }>(
      await request(`/api/v1/conversations/${conversation}/messages`, { token: seller.token }),
    );
    expect(page.data).toHaveLength(2);
  });

  it('15: a message sent over REST reaches the lines at once, and offer cards cannot be forged', async () => {
    const { buyer, seller, conversation } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    await request(`/api/v1/conversations/${conversation}/messages`, {
      token: seller.token,
      json: { content: 'It is' },
    });
    for (const socket of [hers, his])
      await hears(socket, 'message:new', ({ content }) => content === 'It is');
    for (const message_type of ['offer', 'system'])
      expect(
        await hers.ask({
          type: 'message:send',
          conversation_id: conversation,
          message_type,
          content: 'Sold!',
        }),
      ).toMatchObject({ type: 'error', code: 'message_type_reserved' });
  });

  it('16: typing is shown to the other and not to who types', async () => {
    const { buyer, seller, conversation } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    expect(await hers.ask({ type: 'typing:start', conversation_id: conversation })).toMatchObject({
      type: 'done',
    });
    expect(await hears(his, 'typing:active', by(buyer))).toMatchObject({
      data: { conversation_id: conversation },
    });
    await heard(hers);
    expect(event(hers, 'typing:active')).toBeUndefined();
  });

  it('17: typing stops when told so, and by itself after five seconds', async () => {
    const { buyer, seller, conversation } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    await hers.ask({ type: 'typing:start', conversation_id: conversation });
    await hers.ask({ type: 'typing:stop', conversation_id: conversation });
    await hears(his, 'typing:inactive', by(buyer));
    const count = () => eventsOf(his).filter(({ type }) => type === 'typing:inactive').length;
    await insideConversation(conversation, (innards) => {
      innards.now = () => Date.now() + 10_000;
    });
    await hers.ask({ type: 'typing:start', conversation_id: conversation });
    await his.until(() => count() === 2);
  });

  it('18: delivered is told when a device has it, not when it is stored', async () => {
    const { buyer, seller, conversation } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    await hers.ask({ type: 'message:send', conversation_id: conversation, content: 'Ping' });
    await heard(hers);
    expect(event(hers, 'message:delivered', by(seller))).toBeUndefined();
    await his.ask({ type: 'message:delivered', conversation_id: conversation, seq: 2 });
    expect(await hears(hers, 'message:delivered', by(seller))).toMatchObject({ data: { seq: 2 } });
  });

  it('19: read is told, and unread falls to nothing on every device', async () => {
    const { buyer, seller, conversation } = await stage();
    const [hers, his, desk] = await Promise.all([device(buyer), device(seller), device(seller)]);
    expect(await his.ask({ type: 'message:read', conversation_id: conversation, seq: 1 })).toMatchObject({
      type: 'done',
      data: { seq: 1 },
    });
    expect(await hears(hers, 'message:read', by(seller))).toMatchObject({ data: { seq: 1 } });
    await hears(desk, 'inbox:updated', ({ unread_count }) => unread_count === 0);
  });

  it('20: putting a conversation away is for oneself, and a new message brings it back', async () => {
    const { buyer, seller, conversation } = await stage();
    await request(`/api/v1/conversations/${conversation}`, { method: 'DELETE', token: seller.token });
    const idsOf = async (user: TestUser, filter: string) => {
      await allDone();
      const { data } = await bodyOf<{ data: { id: string }[] }>(
        await request(`/api/v1/conversations?filter=${filter}`, { token: user.token }),
      );
      return data.map(({ id }) => id);
    };
    expect(await idsOf(seller, 'archived')).toEqual([conversation]);
    expect(await idsOf(buyer, 'all')).toEqual([conversation]);
    const hers = await device(buyer);
    const sent = await hers.ask({ type: 'message:send', conversation_id: conversation, content: 'Back?' });
    await deps.conversations.whenProjected(conversation, (sent.data as { rev: number }).rev, 5_000);
    expect(await idsOf(seller, 'all')).toEqual([conversation]);
  });
});

describe('offers', () => {
  const create = (socket: TestSocket, listing: TestListing, amount_cents: number) =>
    socket.ask({ type: 'offer:create', listing_id: listing.id, amount_cents, message: 'Cash today' });
  const idOf = (frame: Frame) => (frame.data as { offer_id: string }).offer_id;

  it('21: an offer over the line is created for the buyer, new to the seller, and a card in the conversation', async () => {
    const { buyer, seller, listing } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    const made = await create(hers, listing, 40_000);
    expect(made).toMatchObject({
      type: 'offer:created',
      data: { status: 'pending', buyer_id: buyer.userId, seller_id: seller.userId, amount_cents: 40_000 },
    });
    await allDone();
    expect(await hears(his, 'offer:new')).toMatchObject({
      data: { offer_id: idOf(made), awaiting: 'seller' },
    });
    expect(await hears(hers, 'offer:created')).toMatchObject({ id: made.id });
    await hears(his, 'message:new', ({ message_type }) => message_type === 'offer');
    const expiresInMs = Date.parse((made.data as { expires_at: string }).expires_at) - deps.now();
    expect(Math.abs(expiresInMs - 24 * HOUR_MS)).toBeLessThan(60_000);
  });

  it('an offer that is sent again under its client_id is the same one, on any line and over REST', async () => {
    const { buyer, seller, listing } = await stage();
    const first = await device(buyer);
    const command = {
      type: 'offer:create',
      listing_id: listing.id,
      amount_cents: 40_000,
      client_id: 'tap-1',
    } as const;
    const made = await first.ask(command);
    expect(made.type).toBe('offer:created');
    first.close();
    const second = await device(buyer);
    expect(await second.ask(command)).toMatchObject({
      type: 'offer:created',
      data: { offer_id: idOf(made) },
    });
    const body = { listing_id: listing.id, price_cents: 40_000, client_id: 'tap-1' };
    const send = (token: string, json: object) => request('/api/v1/offers', { token, json });
    const [once, twice] = await Promise.all([send(buyer.token, body), send(buyer.token, body)]);
    expect([await bodyOf(once), await bodyOf(twice)]).toMatchObject([{ id: idOf(made) }, { id: idOf(made) }]);
    const other = await send(buyer.token, { ...body, price_cents: 41_000 });
    expect(await bodyOf(other)).toMatchObject({ code: 'idempotency_key_reused' });
    // The same word of somebody else is another request.
    expect(await bodyOf(await send(seller.token, body))).toMatchObject({ code: 'own_listing' });
    const racing = { ...command, client_id: 'tap-2' };
    const third = await stage();
    const lines = await Promise.all([device(third.buyer), device(third.buyer)]);
    const answers = await Promise.all(
      lines.map((line) => line.ask({ ...racing, listing_id: third.listing.id })),
    );
    expect(new Set(answers.map(idOf)).size).toBe(1);
  });

  it('22: the seller accepts: the listing is reserved, an order with 5 % waits to be paid, and both are told', async () => {
    const { buyer, seller, listing } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    const offer_id = idOf(await create(hers, listing, 40_000));
    const answer = await his.ask({ type: 'offer:respond', offer_id, action: 'accept' });
    expect(answer).toMatchObject({ type: 'offer:responded', data: { status: 'accepted' } });
    await allDone();
    const updated = await hears(hers, 'offer:updated', ({ status }) => status === 'accepted');
    const orderId = (updated.data as { order_id: string }).order_id;
    await hears(hers, 'order:updated', ({ order_id }) => order_id === orderId);
    await hears(his, 'order:updated', ({ order_id }) => order_id === orderId);
    const order = await bodyOf(await request(`/api/v1/orders/${orderId}`, { token: seller.token }));
    expect(order).toMatchObject({ status: 'pending', subtotal_cents: 40_000, seller_fee_cents: 2_000 });
    expect((await readListing(listing.id)).status).toBe('reserved');
  });

  it('23: the seller declines, and the buyer is told; by the other word as well', async () => {
    const { buyer, seller, listing } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    for (const action of ['decline', 'reject']) {
      const offer_id = idOf(await create(hers, listing, 30_000));
      expect(await his.ask({ type: 'offer:respond', offer_id, action })).toMatchObject({
        type: 'offer:responded',
        data: { status: 'declined' },
      });
      await allDone();
      expect(await hears(hers, 'offer:updated', (data) => data.chain_id === offer_id)).toMatchObject({
        data: { event: 'declined', event_alias: 'rejected' },
      });
    }
  });

  it('24: the seller counters, and the buyer may accept the counter', async () => {
    const { buyer, seller, listing } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    const offer_id = idOf(await create(hers, listing, 30_000));
    const countered = await his.ask({
      type: 'offer:respond',
      offer_id,
      action: 'counter',
      amount_cents: 42_000,
    });
    expect(countered).toMatchObject({
      data: { status: 'countered', awaiting: 'buyer', amount_cents: 42_000 },
    });
    await allDone();
    await hears(hers, 'offer:updated', ({ status }) => status === 'countered');
    expect(await hers.ask({ type: 'offer:respond', offer_id, action: 'accept' })).toMatchObject({
      data: { status: 'accepted', amount_cents: 42_000 },
    });
  });

  it('25: offers that must not be are refused: one’s own, too high, a second, out of turn, by a stranger', async () => {
    const { buyer, seller, listing } = await stage();
    const [hers, his, theirs] = await Promise.all([device(buyer), device(seller), device(await somebody())]);
    const codeOf = (frame: Frame) => `${frame.type} ${frame.code}`;
    expect(codeOf(await create(his, listing, 40_000))).toBe('error own_listing');
    expect(codeOf(await create(hers, listing, 45_000))).toMatch(/^error /);
    expect(codeOf(await create(hers, { ...listing, id: 'lst_none' }, 100))).toBe('error listing_not_found');
    const offer_id = idOf(await create(hers, listing, 40_000));
    expect(codeOf(await create(hers, listing, 41_000))).toMatch(/^error /);
    expect(codeOf(await hers.ask({ type: 'offer:respond', offer_id, action: 'accept' }))).toMatch(/^error /);
    expect(codeOf(await theirs.ask({ type: 'offer:respond', offer_id, action: 'accept' }))).toBe(
      'error offer_not_found',
    );
    expect((await readOffer({ id: offer_id }, buyer)).status).toBe('pending');
  });

  it('26: after 24 hours an offer expires, pending or countered, and both are told', async () => {
    for (const isCountered of [false, true]) {
      const { buyer, seller, listing } = await stage();
      const [hers, his] = await Promise.all([device(buyer), device(seller)]);
      const made = await offered(buyer, listing, { price_cents: 30_000 });
      if (isCountered) await answered(made, 'counter', seller, { price_cents: 42_000 });
      await expireDueOffers(at(deps.now() + 23 * HOUR_MS));
      expect((await readOffer(made, buyer)).status).toBe(isCountered ? 'countered' : 'pending');
      await expireDueOffers(at(deps.now() + 25 * HOUR_MS));
      await allDone();
      for (const socket of [hers, his])
        await hears(
          socket,
          'offer:updated',
          ({ event, chain_id }) => event === 'expired' && chain_id === made.id,
        );
      expect((await readOffer(made, seller)).status).toBe('expired');
    }
  });

  it('27: the offer feed of a listing shows history, then what is new, until one has enough', async () => {
    const { buyer, seller, listing } = await stage();
    const made = await offer(buyer, listing, { price_cents: 30_000 });
    expect(made.status).toBe(201);
    await allDone();
    const watcher = await device(await somebody());
    const history = await watcher.ask({ type: 'offer:feed:subscribe', listing_id: listing.id });
    expect(history).toMatchObject({
      type: 'offer:feed:history',
      data: { events: [{ data: { buyer_name: buyer.username, amount_cents: 30_000 } }] },
    });
    const another = await somebody();
    await offered(another, listing, { price_cents: 31_000 });
    await allDone();
    await hears(watcher, 'offer:feed:new', ({ amount_cents }) => amount_cents === 31_000);
    await watcher.ask({ type: 'offer:feed:unsubscribe', listing_id: listing.id });
    await offered(await somebody(), listing, { price_cents: 32_000 });
    await allDone();
    await heard(watcher);
    expect(event(watcher, 'offer:feed:new', ({ amount_cents }) => amount_cents === 32_000)).toBeUndefined();
    expect(watcher.texts.join()).not.toContain(seller.userId);
  });

  it('28: what cannot be understood gets an error, the line goes on, and nobody else is disturbed', async () => {
    const { buyer, seller, listing, conversation } = await stage();
    const [hers, his] = await Promise.all([device(buyer), device(seller)]);
    for (const frame of [
      { type: 'offer:create', listing_id: listing.id, amount_cents: 40_000, buyer_id: seller.userId },
      { type: 'offer:create', listing_id: listing.id, amount_cents: 1.5 },
      { type: 'offer:respond', offer_id: 'ofr_1', action: 'steal' },
      { type: 'message:send', conversation_id: conversation, content: 'x'.repeat(5_001) },
      { type: 'typing:active', conversation_id: conversation },
    ])
      expect(await answerTo(hers, frame), JSON.stringify(frame).slice(0, 80)).toMatchObject({
        type: 'error',
        code: 'validation_failed',
      });
    await request(`/api/v1/users/${buyer.userId}/block`, { method: 'PUT', token: seller.token });
    await allDone();
    expect(
      await hers.ask({ type: 'message:send', conversation_id: conversation, content: 'Why?' }),
    ).toMatchObject({ type: 'error', code: 'conversation_blocked' });
    expect(await create(hers, listing, 40_000)).toMatchObject({ type: 'error' });
    expect(await hers.ask({ type: 'heartbeat' })).toMatchObject({ type: 'pong' });
    await heard(his);
    expect(his.ofType('error')).toEqual([]);
  });
});

/** A frame that is refused unread has no ref in its answer: the next error is it. */
async function answerTo(socket: TestSocket, frame: unknown): Promise<Frame> {
  const before = socket.ofType('error').length;
  socket.send(frame);
  await socket.until(() => socket.ofType('error').length > before);
  return socket.ofType('error').at(-1)!;
}
