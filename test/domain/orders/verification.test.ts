import { expect, test } from 'vitest';
import { VERIFICATION_STATUSES } from '../../../src/domain/orders/order.ts';
import { VERIFICATION_ACTIONS, VERIFICATION_ROLES, verify } from '../../../src/domain/orders/verification.ts';

/** Written out apart from the table under test. */
const EXPECTED: Record<string, string> = {
  'not_required require system': 'awaiting_item',
  'awaiting_item receive authenticator': 'in_review',
  'in_review ask_second_review authenticator': 'second_review',
  'in_review pass authenticator': 'passed',
  'in_review fail authenticator': 'failed -> verification_failed',
  'second_review pass authenticator': 'passed',
  'second_review fail authenticator': 'failed -> verification_failed',
  'failed appeal seller': 'appealed',
  'appealed pass authenticator': 'passed -> resume',
  'appealed fail authenticator': 'failed',
};

test('every sub-status, action and role', () => {
  const seen: Record<string, string> = {};
  for (const status of VERIFICATION_STATUSES)
    for (const action of VERIFICATION_ACTIONS)
      for (const role of VERIFICATION_ROLES) {
        const result = verify(status, action, role);
        if (!result.ok) continue;
        const { to, trigger } = result.value;
        seen[`${status} ${action} ${role}`] = trigger ? `${to} -> ${trigger}` : to;
      }
  expect(seen).toEqual(EXPECTED);
});
