import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it } from 'vitest';
import { outboxStatement } from '../../src/db/outbox.ts';
import type { DomainEventHandler } from '../../src/deps.ts';
import type { EventEnvelope } from '../../src/domain/events.ts';
import { DOMAIN_EVENT_HANDLERS } from '../../src/jobs/domain-events.ts';
import { createOutbox, type DomainEventMessage } from '../../src/jobs/outbox.ts';
import { consumeQueue } from '../../src/jobs/queues.ts';
import { deps } from '../support/book-object.ts';

const TYPE = 'test.happened';

const event = (id: string): EventEnvelope => ({
  event_id: id,
  type: TYPE,
  version: 1,
  aggregate: { type: 'test', id },
  seq: 1,
  correlation_id: 'test',
  occurred_at: new Date(0).toISOString(),
  data: { id },
});

const rows = async (prefix: string) => {
  const { results } = await env.DB.prepare(
    'select event_id, attempts, due_at from outbox where event_id like ? order by event_id',
  )
    .bind(`${prefix}%`)
    .all<{ event_id: string; attempts: number; due_at: number }>();
  return results;
};

/** Hands events to the consumer as the queue would. */
async function deliver(events: readonly EventEnvelope[]) {
  return deliverMessages(events.map((one): DomainEventMessage => ({ kind: 'domain_events', events: [one] })));
}

async function deliverMessages(bodies: readonly DomainEventMessage[], requeue = deps.requeue) {
  const batch = createMessageBatch(
    'bourse-events',
    bodies.map((body, index) => ({ id: `m${index}`, timestamp: 0, attempts: 1, body })),
  );
  const ctx = createExecutionContext();
  await consumeQueue({ ...deps, requeue, outbox: { drain: async () => 0 } }, batch);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, ctx);
  return { acked: explicitAcks, retried: retryMessages.map(({ msgId }) => msgId) };
}

/** An outbox whose queue keeps what it is given, or loses it. */
function outboxTo(sent: string[], now: () => number, fails = false) {
  const sendBatch = async (messages: Iterable<MessageSendRequest<unknown>>) => {
    if (fails) throw new Error('the queue is out of reach');
    for (const { body } of messages)
      sent.push(...(body as DomainEventMessage).events.map(({ event_id }) => event_id));
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  };
  return createOutbox({ db: deps.db, queue: { sendBatch }, now, log: { ...deps.log, warn: () => {} } });
}

afterEach(() => {
  DOMAIN_EVENT_HANDLERS.delete(TYPE);
});

describe('the outbox', () => {
  it('sends each event once to two who drain at once, and again when nobody confirms it', async () => {
    const ids = Array.from({ length: 130 }, (_, index) => `once:${String(index).padStart(3, '0')}`);
    await outboxStatement(deps.db, ids.map(event), 1_000);
    const sent: string[] = [];
    let nowMs = 2_000;
    const outbox = outboxTo(sent, () => nowMs);
    await Promise.all([outbox.drain(), outbox.drain()]);
    expect(sent.filter((id) => id.startsWith('once:')).sort()).toEqual(ids);
    sent.length = 0;
    await outbox.drain();
    expect(sent).toEqual([]);
    nowMs += 30_000;
    await outbox.drain();
    expect([...sent].sort()).toEqual(ids);
    // Each time it waits twice as long, and never over an hour.
    expect((await rows('once:'))[0]).toMatchObject({ attempts: 2, due_at: nowMs + 60_000 });
    nowMs += 10 * 3_600_000;
    for (let time = 0; time < 9; time += 1) {
      await outbox.drain();
      nowMs += 3_600_000;
    }
    expect((await rows('once:'))[0]!.due_at).toBe(nowMs);
  });

  it('keeps what a queue out of reach did not take', async () => {
    await outboxStatement(deps.db, [event('kept:1')], 0);
    await outboxTo([], () => 1, true).drain();
    const sent: string[] = [];
    await outboxTo(sent, () => 40_000).drain();
    expect(sent).toContain('kept:1');
  });
});

describe('the consumer of domain events', () => {
  it('forgets an event once its handler has done its work, and not before', async () => {
    await outboxStatement(deps.db, [event('work:1'), event('work:2')], 1);
    const worked: string[] = [];
    const work: DomainEventHandler = async (_, { event_id }) => {
      if (event_id === 'work:1' && worked.length === 0) {
        worked.push('failed');
        throw new Error('a crash of the test');
      }
      worked.push(event_id);
    };
    DOMAIN_EVENT_HANDLERS.set(TYPE, [work]);
    const quiet = deps.log.warn;
    deps.log.warn = () => {};
    const first = await deliver([event('work:1'), event('work:2')]);
    deps.log.warn = quiet;
    expect(first).toEqual({ acked: ['m1'], retried: ['m0'] });
    expect((await rows('work:')).map(({ event_id }) => event_id)).toEqual(['work:1']);
    expect(await deliver([event('work:1')])).toEqual({ acked: ['m0'], retried: [] });
    expect(await rows('work:')).toEqual([]);
    expect(worked).toEqual(['failed', 'work:2', 'work:1']);
  });

  it('lets an event that fails go on alone, so that those that came with it are done', async () => {
    await outboxStatement(deps.db, [event('pack:1'), event('pack:2')], 1);
    DOMAIN_EVENT_HANDLERS.set(TYPE, [
      async (_, { event_id }) => {
        if (event_id === 'pack:1') throw new Error('a crash of the test');
      },
    ]);
    const quiet = deps.log.warn;
    deps.log.warn = () => {};
    const requeued: unknown[] = [];
    const together: DomainEventMessage = {
      kind: 'domain_events',
      events: [event('pack:1'), event('pack:2')],
    };
    const first = await deliverMessages([together], async (queue, body) => {
      requeued.push([queue, body]);
    });
    const lost = await deliverMessages([together], async () => {
      throw new Error('the queue is out of reach');
    });
    deps.log.warn = quiet;
    expect(first).toEqual({ acked: ['m0'], retried: [] });
    expect(requeued).toEqual([['bourse-events', { kind: 'domain_events', events: [event('pack:1')] }]]);
    expect(lost).toEqual({ acked: [], retried: ['m0'] });
    expect((await rows('pack:')).map(({ event_id }) => event_id)).toEqual(['pack:1']);
  });

  it('is done with an event that nobody acts on', async () => {
    await outboxStatement(deps.db, [event('told:1')], 1);
    expect(await deliver([event('told:1')])).toEqual({ acked: ['m0'], retried: [] });
    expect(await rows('told:')).toEqual([]);
  });
});
