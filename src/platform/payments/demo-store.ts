import { and, asc, desc, eq, gte, sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import { type Db, GUARD_SQL, isStale, isUniqueViolation } from '../../db/client.ts';
import { demoIdempotency, demoObjects } from '../../db/payments-schema.ts';
import type { DemoEvent, DemoObject, DemoObjectOf } from './demo-objects.ts';

/** How often a change that another one overtook is worked out again. */
const MAX_ROUNDS = 10;

export interface DemoAnswer {
  status: number;
  body: unknown;
}

/** What one request changes: all of it or nothing. */
export interface DemoChange extends DemoAnswer {
  writes: readonly { object: DemoObject; reference?: string | null }[];
  events: readonly DemoEvent[];
}

/** Reads objects and remembers their versions, so that a change is refused when one of them has moved on. */
export class DemoReader {
  readonly versions = new Map<string, number>();
  private readonly db: Db;
  constructor(db: Db) {
    this.db = db;
  }

  async get<Type extends DemoObject['object']>(type: Type, id: string): Promise<DemoObjectOf<Type> | null> {
    const [row] = await this.db
      .select()
      .from(demoObjects)
      .where(and(eq(demoObjects.id, id), eq(demoObjects.type, type)));
    return row ? this.take<Type>(row) : null;
  }

  async findByReference<Type extends DemoObject['object']>(
    type: Type,
    reference: string,
  ): Promise<DemoObjectOf<Type>[]> {
    const rows = await this.db
      .select()
      .from(demoObjects)
      .where(and(eq(demoObjects.type, type), eq(demoObjects.reference, reference)))
      .orderBy(asc(demoObjects.createdAt));
    return rows.map((row) => this.take<Type>(row));
  }

  private take<Type extends DemoObject['object']>(row: typeof demoObjects.$inferSelect): DemoObjectOf<Type> {
    this.versions.set(row.id, row.version);
    return JSON.parse(row.body) as DemoObjectOf<Type>;
  }
}

/** The memory of the demo processor in D1: it outlives restarts, as the real one's does. */
export function createDemoStore(db: Db, now: () => number) {
  function writeStatements(change: DemoChange, versions: ReadonlyMap<string, number>): BatchItem<'sqlite'>[] {
    const atMs = now();
    const statements: BatchItem<'sqlite'>[] = [];
    for (const { object, reference } of change.writes) {
      const version = versions.get(object.id) ?? 0;
      const body = JSON.stringify(object);
      statements.push(
        version === 0
          ? db.insert(demoObjects).values({
              id: object.id,
              type: object.object,
              reference: reference ?? null,
              body,
              version: 1,
              createdAt: atMs,
              isPending: false,
            })
          : db
              .update(demoObjects)
              .set({ body, version: version + 1 })
              .where(and(eq(demoObjects.id, object.id), eq(demoObjects.version, version))),
        db.run(sql.raw(GUARD_SQL)),
      );
    }
    for (const event of change.events)
      statements.push(
        db.insert(demoObjects).values({
          id: event.id,
          type: 'event',
          reference: event.data.object.id,
          body: JSON.stringify(event),
          version: 1,
          createdAt: atMs,
          isPending: true,
        }),
      );
    return statements;
  }

  return {
    read: () => new DemoReader(db),

    /**
     * Works out a change and commits it under a key; the same key gets the same answer again, another request under it
     * gets `key_reused`. Two at once: one works, the other gets its answer.
     */
    async commitOnce(
      key: string,
      requestHash: string,
      work: (reader: DemoReader) => Promise<DemoChange>,
    ): Promise<
      | { kind: 'done'; answer: DemoAnswer; isReplay: boolean; events: readonly DemoEvent[] }
      | { kind: 'key_reused' }
    > {
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const [known] = await db.select().from(demoIdempotency).where(eq(demoIdempotency.key, key));
        if (known && known.requestHash !== requestHash) return { kind: 'key_reused' };
        if (known) {
          const answer = { status: known.status, body: JSON.parse(known.body) as unknown };
          return { kind: 'done', answer, isReplay: true, events: [] };
        }
        const reader = new DemoReader(db);
        const change = await work(reader);
        try {
          await db.batch([
            db.insert(demoIdempotency).values({
              key,
              requestHash,
              status: change.status,
              body: JSON.stringify(change.body),
              createdAt: now(),
            }),
            ...writeStatements(change, reader.versions),
          ]);
          const answer = { status: change.status, body: change.body };
          return { kind: 'done', answer, isReplay: false, events: change.events };
        } catch (error) {
          if (!isStale(error) && !isUniqueViolation(error)) throw error;
        }
      }
      throw new Error('the demo processor could not commit: its objects keep changing');
    },

    /** A change that nobody asked for by a request, such as a decision of a bank; null leaves all as it is. */
    async commit(work: (reader: DemoReader) => Promise<DemoChange | null>): Promise<DemoChange | null> {
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const reader = new DemoReader(db);
        const change = await work(reader);
        if (change === null) return null;
        const [first, ...rest] = writeStatements(change, reader.versions);
        if (first === undefined) return change;
        try {
          await db.batch([first, ...rest]);
          return change;
        } catch (error) {
          if (!isStale(error) && !isUniqueViolation(error)) throw error;
        }
      }
      throw new Error('the demo processor could not commit: its objects keep changing');
    },

    async eventsSince(sinceMs: number, limit: number): Promise<DemoEvent[]> {
      const rows = await db
        .select({ body: demoObjects.body })
        .from(demoObjects)
        .where(and(eq(demoObjects.type, 'event'), gte(demoObjects.createdAt, sinceMs)))
        .orderBy(desc(demoObjects.createdAt), desc(demoObjects.id))
        .limit(limit);
      return rows.map((row) => JSON.parse(row.body) as DemoEvent);
    },

    async pendingEvents(limit: number): Promise<DemoEvent[]> {
      const rows = await db
        .select({ body: demoObjects.body })
        .from(demoObjects)
        .where(eq(demoObjects.isPending, true))
        .orderBy(asc(demoObjects.createdAt))
        .limit(limit);
      return rows.map((row) => JSON.parse(row.body) as DemoEvent);
    },

    async markDelivered(eventId: string): Promise<void> {
      await db.update(demoObjects).set({ isPending: false }).where(eq(demoObjects.id, eventId));
    },
  };
}
export type DemoStore = ReturnType<typeof createDemoStore>;
