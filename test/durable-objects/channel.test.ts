import { describe, expect, it } from 'vitest';
import type { ChannelFrame } from '../../src/platform/channels/channels.ts';
import { signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import {
  device,
  eventsOf,
  evictChannel,
  heard,
  insideChannel,
  ringChannel,
  seqsOf,
  topicOf,
} from '../support/channels.ts';

const MINUTE_MS = 60_000;

let people = 0;
const somebody = (): Promise<TestUser> => {
  people += 1;
  return signUp(`listener${people}`);
};
const note = (n: number, id?: string): ChannelFrame => ({
  type: 'notification',
  ...(id === undefined ? {} : { id }),
  data: { n },
});
const publish = (user: TestUser, ...frames: ChannelFrame[]) => deps.channels.publish(topicOf(user), frames);
const numbers = (socket: Parameters<typeof eventsOf>[0]): number[] =>
  eventsOf(socket)
    .filter(({ type }) => type === 'notification')
    .map(({ data }) => (data as { n: number }).n);

describe('publishing', () => {
  it('reaches every device once, in order, with a dense sequence', async () => {
    const ann = await somebody();
    const [phone, desk] = await Promise.all([device(ann), device(ann)]);
    await Promise.all(Array.from({ length: 30 }, (_, n) => publish(ann, note(n))));
    for (const socket of [phone, desk]) {
      await heard(socket);
      expect(numbers(socket).sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n));
      expect(seqsOf(socket, 'notification')).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    }
  });

  it('puts what happens in one turn into one frame', async () => {
    const ann = await somebody();
    const socket = await device(ann);
    await publish(ann, note(1), note(2), note(3));
    await heard(socket);
    expect(socket.ofType('batch')).toHaveLength(1);
    expect(numbers(socket)).toEqual([1, 2, 3]);
  });

  it('tells a frame of one id once, also after the object has slept and the data has gone', async () => {
    const ann = await somebody();
    const socket = await device(ann);
    await publish(ann, note(1, 'evt_1'), note(1, 'evt_1'));
    await publish(ann, note(1, 'evt_1'));
    await evictChannel(topicOf(ann));
    await publish(ann, note(1, 'evt_1'), note(2, 'evt_2'));
    await heard(socket);
    expect(numbers(socket)).toEqual([1, 2]);
    await insideChannel(topicOf(ann), (innards) => {
      innards.now = () => Date.now() + 11 * MINUTE_MS;
    });
    await publish(ann, note(2, 'evt_2'), note(3, 'evt_3'));
    const later = await device(ann);
    await heard(later);
    expect(await deps.channels.recent(topicOf(ann))).toMatchObject([{ id: 'evt_3', seq: 3 }]);
  });

  it('keeps nothing of what lasts a moment', async () => {
    const ann = await somebody();
    const socket = await device(ann);
    await publish(ann, { type: 'typing:active', data: { conversation_id: 'cnv_1' } });
    await publish(ann, note(1));
    await heard(socket);
    expect(eventsOf(socket).map(({ type }) => type)).toEqual([
      'connected',
      'typing:active',
      'notification',
      'pong',
    ]);
    expect(seqsOf(socket, 'notification')).toEqual([1]);
    expect((await deps.channels.recent(topicOf(ann))).map(({ type }) => type)).toEqual(['notification']);
  });

  it('tells of data too large for a frame without them', async () => {
    const ann = await somebody();
    const socket = await device(ann);
    await publish(ann, { type: 'notification', data: 'x'.repeat(70_000) });
    await heard(socket);
    expect(eventsOf(socket)[1]).toMatchObject({ type: 'notification', seq: 1, data: null });
  });

  it('reaches nobody else, and a question alone leaves no trace', async () => {
    const [ann, eve] = [await somebody(), await somebody()];
    const hers = await device(eve);
    await publish(ann, note(1));
    await heard(hers);
    expect(numbers(hers)).toEqual([]);
    const nobody = await somebody();
    expect(await deps.channels.online([nobody.userId, eve.userId])).toEqual(new Set([eve.userId]));
    expect(await deps.channels.recent(topicOf(nobody))).toEqual([]);
    const tables = await insideChannel(topicOf(nobody), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'events'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe('coming back', () => {
  it('brings what was missed, once, also after an eviction', async () => {
    const ann = await somebody();
    const first = await device(ann);
    await publish(ann, note(1), note(2));
    await heard(first);
    first.close();
    await publish(ann, note(3), note(4));
    await evictChannel(topicOf(ann));
    const second = await device(ann, '?resume_from=2');
    await heard(second);
    expect(numbers(second)).toEqual([3, 4]);
    expect(seqsOf(second, 'notification')).toEqual([3, 4]);
    const third = await device(ann, '?resume_from=4');
    await heard(third);
    expect(eventsOf(third).map(({ type }) => type)).toEqual(['connected', 'pong']);
  });

  it('is a reset past the last 100, past ten minutes, and from a sequence that never was', async () => {
    const ann = await somebody();
    await publish(ann, ...Array.from({ length: 105 }, (_, n) => note(n)));
    const within = await device(ann, '?resume_from=5');
    await heard(within);
    expect(numbers(within)).toHaveLength(100);
    for (const resume of [4, 106, 9_999]) {
      const socket = await device(ann, `?resume_from=${resume}`);
      await heard(socket);
      expect(socket.ofType('reset')).toMatchObject([{ seq: 105 }]);
      expect(numbers(socket)).toEqual([]);
    }
    await insideChannel(topicOf(ann), (innards) => {
      innards.now = () => Date.now() + 11 * MINUTE_MS;
    });
    const late = await device(ann, '?resume_from=104');
    await heard(late);
    expect(late.ofType('reset')).toHaveLength(1);
  });

  it('can be asked for on the line, and a pong tells of a gap', async () => {
    const ann = await somebody();
    const socket = await device(ann);
    await publish(ann, note(1), note(2));
    expect(await socket.ask({ type: 'heartbeat' })).toMatchObject({ type: 'pong', seq: 2 });
    expect(await socket.ask({ type: 'resume', resume_from: 1 })).toMatchObject({ type: 'resumed', seq: 2 });
    expect(numbers(socket)).toEqual([1, 2, 2]);
  });
});

describe('a line', () => {
  it('survives the sleep of the object', async () => {
    const ann = await somebody();
    const socket = await device(ann);
    await evictChannel(topicOf(ann));
    await publish(ann, note(1));
    await heard(socket);
    expect(numbers(socket)).toEqual([1]);
  });

  it('that is silent for two minutes is closed by the alarm; one that is heard of stays', async () => {
    const ann = await somebody();
    const [silent, lively] = await Promise.all([device(ann), device(ann)]);
    await insideChannel(topicOf(ann), (innards) => {
      innards.now = () => Date.now() + 2 * MINUTE_MS;
    });
    await heard(lively);
    await ringChannel(topicOf(ann));
    await silent.until(() => silent.closedWith !== null);
    expect(silent.closedWith).toMatchObject({ code: 4408 });
    await heard(lively);
    expect(lively.closedWith).toBeNull();
    expect(await deps.channels.online([ann.userId])).toEqual(new Set([ann.userId]));
  });

  it('makes room for the newest: an eleventh device takes the place of the first', async () => {
    const ann = await somebody();
    const first = await device(ann);
    const others = await Promise.all(Array.from({ length: 9 }, () => device(ann)));
    const eleventh = await device(ann);
    await first.until(() => first.closedWith !== null);
    expect(first.closedWith).toMatchObject({ code: 4409 });
    await publish(ann, note(1));
    for (const socket of [...others, eleventh]) {
      await heard(socket);
      expect(numbers(socket)).toEqual([1]);
    }
  });
});
