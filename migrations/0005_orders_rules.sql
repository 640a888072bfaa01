-- What the columns of orders and the ledger cannot say. RAISE(ABORT) undoes the whole batch a statement is part of.

-- A transition continues the order as it stands, or nothing of its batch happens: two writers, one winner.
CREATE TRIGGER order_history_continues BEFORE INSERT ON order_history
WHEN NOT EXISTS (
  SELECT 1 FROM orders WHERE id = new.order_id AND (
    (version = new.version - 1 AND status = new."from")
    OR (version = 1 AND new.version = 1 AND status = new."to" AND new."from" IS NULL)
  )
)
BEGIN
  SELECT RAISE(ABORT, 'order_stale');
END;
--> statement-breakpoint
CREATE TRIGGER order_history_stays BEFORE UPDATE ON order_history
BEGIN
  SELECT RAISE(ABORT, 'order_history_immutable');
END;
--> statement-breakpoint
CREATE TRIGGER order_history_is_kept BEFORE DELETE ON order_history
BEGIN
  SELECT RAISE(ABORT, 'order_history_immutable');
END;
--> statement-breakpoint
-- The other half: an order changes its status or version only to what its history says.
CREATE TRIGGER orders_follow_history BEFORE UPDATE OF status, version ON orders
WHEN NOT EXISTS (
  SELECT 1 FROM order_history WHERE order_id = new.id AND version = new.version AND "to" = new.status
)
BEGIN
  SELECT RAISE(ABORT, 'order_without_history');
END;
--> statement-breakpoint
-- What was agreed on does not change afterwards.
CREATE TRIGGER orders_keep_terms BEFORE UPDATE OF number, source, source_id, supply, buyer_id, seller_id, match_id, currency,
  subtotal_cents, buyer_fee_cents, seller_fee_cents, shipping_cents, total_cents, payout_cents, fee_schedule_id ON orders
BEGIN
  SELECT RAISE(ABORT, 'order_terms_immutable');
END;
--> statement-breakpoint
CREATE TRIGGER ledger_entries_stay BEFORE UPDATE ON ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ledger_immutable');
END;
--> statement-breakpoint
CREATE TRIGGER ledger_entries_are_kept BEFORE DELETE ON ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ledger_immutable');
END;
--> statement-breakpoint
CREATE TRIGGER ledger_transactions_stay BEFORE UPDATE ON ledger_transactions
BEGIN
  SELECT RAISE(ABORT, 'ledger_immutable');
END;
--> statement-breakpoint
CREATE TRIGGER ledger_transactions_are_kept BEFORE DELETE ON ledger_transactions
BEGIN
  SELECT RAISE(ABORT, 'ledger_immutable');
END;
--> statement-breakpoint
CREATE TRIGGER ledger_entries_before_close BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM ledger_transactions WHERE id = new.transaction_id)
BEGIN
  SELECT RAISE(ABORT, 'ledger_closed');
END;
--> statement-breakpoint
CREATE TRIGGER ledger_transactions_balance BEFORE INSERT ON ledger_transactions
BEGIN
  SELECT RAISE(ABORT, 'ledger_unbalanced')
  WHERE NOT EXISTS (SELECT 1 FROM ledger_entries WHERE transaction_id = new.id)
    OR EXISTS (
      SELECT 1 FROM ledger_entries WHERE transaction_id = new.id
      GROUP BY currency HAVING sum(amount_cents) <> 0
    );
END;
--> statement-breakpoint
-- The balances are a projection. What takes from a purse of a user, from escrow or from the refunds on their way may
-- not leave it below zero; but money that a seller has to give back after a release may be owed.
CREATE TRIGGER ledger_transactions_project AFTER INSERT ON ledger_transactions
BEGIN
  INSERT INTO ledger_balances (account, currency, balance_cents)
  SELECT account, currency, amount_cents FROM ledger_entries WHERE transaction_id = new.id
  ON CONFLICT (account, currency) DO UPDATE SET balance_cents = balance_cents + excluded.balance_cents;
  SELECT RAISE(ABORT, 'insufficient_funds')
  FROM ledger_entries e JOIN ledger_balances b ON b.account = e.account AND b.currency = e.currency
  WHERE e.transaction_id = new.id AND e.amount_cents < 0 AND b.balance_cents < 0
    AND (e.account IN ('escrow', 'refunds') OR e.account LIKE 'user:%')
    AND NOT (e.account LIKE 'user:%:available' AND new.reason IN ('refund_after_release', 'chargeback_lost'));
END;
