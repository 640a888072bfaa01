import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { composeOnce } from '../../src/composition.ts';
import { type Account, availableOf } from '../../src/domain/ledger/accounts.ts';
import { type LedgerReason, type Posting, post } from '../../src/domain/ledger/posting.ts';
import { balanceOf, entriesOf, trialBalance } from '../../src/features/ledger/ledger.repository.ts';
import {
  isAlreadyPosted,
  isInsufficientFunds,
  postingStatements,
  type Statement,
} from '../../src/features/ledger/ledger.statements.ts';
import { refusalText } from '../support/read-error.ts';

const { deps } = composeOnce(env);
const { db } = deps;
let posted = 0;

const batch = (statements: Statement[]) => db.batch(statements as [Statement, ...Statement[]]);

function write(posting: Posting, id = `led_${posted}`): Promise<unknown> {
  posted += 1;
  return batch(postingStatements(db, posting, { id, orderId: null, atMs: 1_000 + posted }));
}

function topUp(user: string, amountCents: number, cause: string, reason: LedgerReason = 'wallet_topped_up') {
  return post(reason, cause, 'USD', [
    ['processor:clearing', -amountCents],
    [availableOf(user), amountCents],
  ]);
}
const spend = (user: string, amountCents: number, cause: string, reason: LedgerReason = 'payment_captured') =>
  post(reason, cause, 'USD', [
    [availableOf(user), -amountCents],
    ['escrow', amountCents],
  ]);

describe('the ledger', () => {
  it('keeps balances as sums of entries that sum to zero', async () => {
    await write(topUp('ann', 10_000, 'top_1'));
    await write(spend('ann', 4_000, 'ord_1'));
    expect(await balanceOf(db, availableOf('ann'), 'USD')).toBe(6_000);
    const [newest, oldest] = await entriesOf(db, availableOf('ann'), null, 10);
    expect([newest, oldest]).toMatchObject([
      { amountCents: -4_000, reason: 'payment_captured', cause: 'ord_1' },
      { amountCents: 10_000, reason: 'wallet_topped_up', cause: 'top_1' },
    ]);
    expect(await entriesOf(db, availableOf('ann'), newest!.seq, 10)).toEqual([oldest]);
    const { totals, drifted, lines } = await trialBalance(db);
    expect(totals).toEqual([{ currency: 'USD', totalCents: 0 }]);
    expect(drifted).toEqual([]);
    expect(lines).toContainEqual({ account: 'user:*:available', currency: 'USD', balanceCents: 6_000 });
  });

  it('posts the same step once', async () => {
    await write(topUp('bob', 500, 'top_2'));
    const again = await write(topUp('bob', 500, 'top_2')).catch((error: unknown) => error);
    expect(isAlreadyPosted(again)).toBe(true);
    expect(await balanceOf(db, availableOf('bob'), 'USD')).toBe(500);
  });

  it('refuses what does not balance, has no entries, or comes after its transaction', async () => {
    const entry = (id: string, account: Account, amount: unknown) =>
      env.DB.prepare(
        'insert into ledger_entries (transaction_id, account, currency, amount_cents) values (?, ?, ?, ?)',
      ).bind(id, account, 'USD', amount);
    const close = (id: string) =>
      env.DB.prepare(
        "insert into ledger_transactions (id, reason, cause, created_at) values (?, 'wallet_topped_up', ?, 1)",
      ).bind(id, id);
    const before = await trialBalance(db);
    expect(await refusalText(env.DB.batch([entry('x1', 'escrow', 100), close('x1')]))).toContain(
      'ledger_unbalanced',
    );
    expect(await refusalText(close('x2').run())).toContain('ledger_unbalanced');
    expect(await refusalText(entry('x3', 'escrow', 0).run())).toContain('CHECK');
    expect(await refusalText(entry('x4', 'escrow', 1.5).run())).toContain('CHECK');
    expect(await refusalText(entry('x5', 'escrow', 1e13).run())).toContain('CHECK');
    await write(topUp('cat', 100, 'top_3'), 'led_closed');
    expect(await refusalText(entry('led_closed', 'escrow', 5).run())).toContain('ledger_closed');
    expect((await trialBalance(db)).totals).toEqual(before.totals);
  });

  it('never changes', async () => {
    await write(topUp('dan', 100, 'top_4'), 'led_kept');
    for (const statement of [
      "update ledger_entries set amount_cents = amount_cents + 1 where transaction_id = 'led_kept'",
      "delete from ledger_entries where transaction_id = 'led_kept'",
      "update ledger_transactions set cause = 'other' where id = 'led_kept'",
      "delete from ledger_transactions where id = 'led_kept'",
    ])
      expect(await refusalText(env.DB.prepare(statement).run()), statement).toContain('ledger_immutable');
  });

  it('lets nobody spend what they do not have, however many try at once', async () => {
    await write(topUp('eve', 100, 'top_5'));
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => write(spend('eve', 60, `ord_eve_${index}`))),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const attempt of tries)
      if (attempt.status === 'rejected') expect(isInsufficientFunds(attempt.reason)).toBe(true);
    expect(await balanceOf(db, availableOf('eve'), 'USD')).toBe(40);
  });

  it('lets a seller owe what has to be given back, and earn it back from there', async () => {
    await write(spend('fay', 300, 'ref_1', 'refund_after_release'));
    expect(await balanceOf(db, availableOf('fay'), 'USD')).toBe(-300);
    expect(
      isInsufficientFunds(await write(spend('fay', 1, 'ord_fay')).catch((error: unknown) => error)),
    ).toBe(true);
    await write(topUp('fay', 100, 'top_6'));
    expect(await balanceOf(db, availableOf('fay'), 'USD')).toBe(-200);
  });

  it('notices a balance that is not the sum of its entries', async () => {
    const set = (change: number) =>
      env.DB.prepare("update ledger_balances set balance_cents = balance_cents + ? where account = 'escrow'")
        .bind(change)
        .run();
    await set(7);
    const { totals, drifted } = await trialBalance(db);
    expect(totals).toEqual([{ currency: 'USD', totalCents: 7 }]);
    expect(drifted).toMatchObject([{ account: 'escrow', currency: 'USD' }]);
    await set(-7);
  });
});
