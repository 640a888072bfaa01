/** A Worker that dies at a chosen moment: before or after one of its writes, or one of its calls of the processor. */
import { env } from 'cloudflare:workers';
import { createDb } from '../../src/db/client.ts';
import type { Deps } from '../../src/deps.ts';
import type { PaymentGateway } from '../../src/platform/payments/gateway.ts';
import { deps } from './book-object.ts';

/** Calls that change nothing outside. */
const LOOKS: readonly (keyof PaymentGateway)[] = [
  'retrieve',
  'find',
  'retrieveRefund',
  'retrieveTransfer',
  'retrieveAccount',
  'retrievePayout',
  'listEvents',
  'verifyWebhook',
];

export interface Dying {
  deps: Deps;
  /** Whether it came to its end. */
  isDead: () => boolean;
}

/** Dies at its `moment`-th write or call, from 1; whatever it does afterwards fails too, as in an isolate that is gone. */
export function dyingAt(moment: number, side: 'before' | 'after'): Dying {
  let left = moment;
  let dead = false;
  const gone = () => new Error('the isolate is gone');
  const guarded =
    <Args extends unknown[], Answer>(run: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      if (dead) throw gone();
      left -= 1;
      if (left > 0) return run(...args);
      dead = true;
      if (side === 'after') await run(...args);
      throw gone();
    };
  const alive =
    <Args extends unknown[], Answer>(run: (...args: Args) => Answer) =>
    (...args: Args): Answer => {
      if (dead) throw gone();
      return run(...args);
    };

  const originals = new WeakMap<object, D1PreparedStatement>();
  const statement = (original: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(original, {
      get: (target, name) => {
        if (name === 'bind') return (...values: unknown[]) => statement(target.bind(...values));
        if (name === 'run') return guarded(() => target.run());
        const member = Reflect.get(target, name) as unknown;
        return typeof member === 'function' ? alive(member.bind(target)) : member;
      },
    });
    originals.set(proxy, original);
    return proxy;
  };
  const d1 = new Proxy(env.DB, {
    get: (target, name) => {
      if (name === 'prepare') return (text: string) => statement(target.prepare(text));
      if (name === 'batch')
        return guarded((statements: D1PreparedStatement[]) =>
          target.batch(statements.map((one) => originals.get(one) ?? one)),
        );
      const member = Reflect.get(target, name) as unknown;
      return typeof member === 'function' ? alive(member.bind(target)) : member;
    },
  });
  const payments = new Proxy(deps.payments, {
    get: (target, name) => {
      const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return LOOKS.includes(name as keyof PaymentGateway)
        ? alive(call.bind(target))
        : guarded(call.bind(target));
    },
  });
  const log = { ...deps.log, warn: () => {}, error: () => {} };
  return {
    deps: { ...deps, d1, db: createDb(d1), payments, log, outbox: { drain: async () => 0 } },
    isDead: () => dead,
  };
}
