import { describe, expect, it } from 'vitest';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { refusalOf } from '../support/catalog.ts';
import {
  device,
  eventsOf,
  heard,
  insideChannel,
  presenceTold,
  topicOf,
  upgradeTo,
} from '../support/channels.ts';
import { matchedOrder } from '../support/purchases.ts';
import { TestSocket } from '../support/sockets.ts';

let people = 0;
const somebody = (): Promise<TestUser> => {
  people += 1;
  return signUp(`caller${people}`);
};
const publish = (user: TestUser, n: number) =>
  deps.channels.publish(topicOf(user), [{ type: 'notification', data: { n } }]);

describe('opening the line of a user', () => {
  it('takes a token by header, by subprotocol, or a ticket that works once; at both addresses', async () => {
    const ann = await somebody();
    const bySubprotocol = { 'Sec-WebSocket-Protocol': `bourse.v1, bearer.${ann.token}` };
    for (const path of ['/api/v1/ws', '/ws']) {
      const { ticket } = await bodyOf<{ ticket: string }>(
        await request('/api/v1/ws-tickets', { method: 'POST', token: ann.token }),
      );
      for (const response of [
        await upgradeTo(path, { Authorization: `Bearer ${ann.token}` }),
        await upgradeTo(path, bySubprotocol),
        await upgradeTo(`${path}?ticket=${ticket}`),
      ]) {
        const socket = new TestSocket(response.webSocket!);
        expect(await socket.next(({ type }) => type === 'connected')).toMatchObject({
          data: { user_id: ann.userId, topic: topicOf(ann) },
        });
      }
      expect(await refusalOf(await upgradeTo(`${path}?ticket=${ticket}`))).toBe('401 invalid_ticket');
    }
  });

  it('is refused to strangers, other origins, bad tokens and plain requests', async () => {
    const ann = await somebody();
    const mine = { Authorization: `Bearer ${ann.token}` };
    for (const path of ['/api/v1/ws', '/ws']) {
      expect(await refusalOf(await upgradeTo(path))).toBe('401 unauthenticated');
      expect(await refusalOf(await upgradeTo(`${path}?token=${ann.token}`))).toBe('401 unauthenticated');
      expect(await refusalOf(await upgradeTo(path, { Authorization: 'Bearer x.y.z' }))).toBe(
        '401 invalid_token',
      );
      expect(await refusalOf(await upgradeTo(path, { 'X-Bourse-User': ann.userId }))).toBe(
        '401 unauthenticated',
      );
      expect(await refusalOf(await upgradeTo(path, { ...mine, Origin: 'https://evil.test' }))).toBe(
        '403 origin_not_allowed',
      );
      expect(await refusalOf(await request(path, { token: ann.token }))).toBe('426 upgrade_required');
    }
    expect(await refusalOf(await upgradeTo('/api/v1/ws?resume_from=-1', mine))).toBe('422 validation_failed');
  });

  it('ends with the session', async () => {
    const [ann, ben] = [await somebody(), await somebody()];
    const [hers, his] = await Promise.all([device(ann), device(ben)]);
    await request('/api/v1/auth/logout', { method: 'POST', token: ann.token });
    await publish(ann, 1);
    await publish(ben, 1);
    await hers.until(() => hers.closedWith !== null);
    expect(hers.closedWith).toMatchObject({ code: 4401 });
    expect(eventsOf(hers).map(({ type }) => type)).toEqual(['connected']);
    await heard(his);
    expect(his.closedWith).toBeNull();
  });

  it('ends with the token', async () => {
    const ann = await somebody();
    const socket = await device(ann);
    await insideChannel(topicOf(ann), (innards) => {
      innards.now = () => Date.now() + 3_600_000;
    });
    socket.send({ type: 'heartbeat' });
    await socket.until(() => socket.closedWith !== null);
    expect(socket.closedWith).toMatchObject({ code: 4401 });
  });
});

describe('bad frames', () => {
  const BAD: [string, string | ArrayBuffer, string][] = [
    ['binary', new Uint8Array([1, 2, 3]).buffer, 'unsupported_media_type'],
    ['too large', `{"type":"heartbeat","ref":"${'x'.repeat(16_384)}"}`, 'body_too_large'],
    ['too large in bytes alone', `{"type":"heartbeat","ref":"${'é'.repeat(10_000)}"}`, 'body_too_large'],
    ['broken', '{"type":', 'malformed_json'],
    ['not an object', '[1]', 'validation_failed'],
    ['of no known type', '{"type":"message:forge"}', 'validation_failed'],
    ['with more than there is', '{"type":"heartbeat","user_id":"usr_x"}', 'validation_failed'],
  ];
  it.each(BAD)('%s get an error frame, and the line goes on', async (_, frame, code) => {
    const ann = await somebody();
    const socket = await device(ann);
    socket.sendRaw(frame);
    expect(await socket.next(({ type }) => type === 'error')).toMatchObject({ code });
    expect(await socket.ask({ type: 'heartbeat' })).toMatchObject({ type: 'pong' });
  });

  it('by the dozen end the line, and no other', async () => {
    const ann = await somebody();
    const [bad, good] = await Promise.all([device(ann), device(ann)]);
    for (let n = 0; n < 10; n += 1) bad.sendRaw('no JSON');
    await bad.until(() => bad.closedWith !== null);
    expect(bad.closedWith).toMatchObject({ code: 4400 });
    expect(bad.ofType('error')).toHaveLength(10);
    await publish(ann, 1);
    expect(await heard(good)).toHaveLength(3);
  });

  it('without end are told to wait, and a flood is closed; another user is served', async () => {
    const [ann, ben] = [await somebody(), await somebody()];
    const [hers, his] = await Promise.all([device(ann), device(ben)]);
    await insideChannel(topicOf(ann), ({ sockets }) => {
      sockets.host.framesPerMinute = 5;
    });
    for (let n = 0; n < 30; n += 1) hers.send({ type: 'heartbeat' });
    await hers.until(() => hers.closedWith !== null);
    expect(hers.closedWith).toMatchObject({ code: 4429 });
    expect(hers.ofType('pong')).toHaveLength(5);
    expect(hers.ofType('error')).toHaveLength(15);
    expect(hers.ofType('error')[0]).toMatchObject({ code: 'rate_limited' });
    await heard(his);
    expect(his.closedWith).toBeNull();
  });
});

describe('presence', () => {
  const presenceOf = async (viewer: TestUser, user: TestUser) =>
    bodyOf(await request(`/api/v1/users/${user.userId}/presence`, { token: viewer.token }));

  it('is told to contacts alone: when the first device comes, and when the last one goes', async () => {
    const [buyer, seller, stranger] = [await somebody(), await somebody(), await somebody()];
    await matchedOrder(buyer, seller);
    const [his, theirs] = await Promise.all([device(seller), device(stranger)]);
    await presenceTold(seller);
    const phone = await device(buyer);
    const online = await his.next(({ type }) => type === 'user:online');
    expect(online).toMatchObject({ data: { user_id: buyer.userId } });
    expect(online).not.toHaveProperty('seq');
    // Whoever comes hears who is there.
    await phone.next(
      ({ type, data }) => type === 'user:online' && (data as { user_id: string }).user_id === seller.userId,
    );
    const desk = await device(buyer);
    phone.close();
    await heard(desk);
    expect(await presenceOf(seller, buyer)).toMatchObject({ online: true });
    desk.close();
    expect(await his.next(({ type }) => type === 'user:offline')).toMatchObject({
      data: { user_id: buyer.userId, last_seen_at: expect.any(String) },
    });
    expect(eventsOf(his).filter(({ type }) => type === 'user:online')).toHaveLength(1);
    expect(await presenceOf(seller, buyer)).toMatchObject({
      online: false,
      last_seen_at: expect.any(String),
    });
    await heard(theirs);
    expect(eventsOf(theirs).map(({ type }) => type)).toEqual(['connected', 'pong']);
    expect(
      await refusalOf(await request(`/api/v1/users/${buyer.userId}/presence`, { token: stranger.token })),
    ).toBe('404 user_not_found');
  });

  it('can be kept to oneself', async () => {
    const [buyer, seller] = [await somebody(), await somebody()];
    await matchedOrder(buyer, seller);
    const settings = (show_presence: unknown) =>
      request('/api/v1/me/presence', { method: 'PUT', token: buyer.token, json: { show_presence } });
    expect(await bodyOf(await request('/api/v1/me/presence', { token: buyer.token }))).toEqual({
      show_presence: true,
    });
    const his = await device(seller);
    await presenceTold(seller);
    const hers = await device(buyer);
    await his.next(({ type }) => type === 'user:online');
    expect(await bodyOf(await settings(false))).toEqual({ show_presence: false });
    await his.next(({ type }) => type === 'user:offline');
    expect(await presenceOf(seller, buyer)).toEqual({
      user_id: buyer.userId,
      online: false,
      last_seen_at: null,
    });
    expect(await presenceOf(buyer, buyer)).toMatchObject({ online: true });
    hers.close();
    await presenceTold(buyer);
    await device(buyer);
    await presenceTold(buyer);
    await heard(his);
    expect(eventsOf(his).filter(({ type }) => type === 'user:online')).toHaveLength(1);
    await settings(true);
    await his.until(() => eventsOf(his).filter(({ type }) => type === 'user:online').length === 2);
    for (const bad of ['yes', null, 1])
      expect(await refusalOf(await settings(bad))).toBe('422 validation_failed');
  });
});
