/** Ids that follow from an order and its version, so that a step carried out twice names the same things. */
import { keyOf } from '../ids.ts';

function derivedId(prefix: 'ref' | 'led', orderId: string, version: number): string {
  const key = keyOf('ord', orderId);
  if (key === null) throw new RangeError(`not an order id: ${orderId}`);
  return `${prefix}_${key}${version.toString(36)}`;
}

/** The refund that the transition to this version asks for: there is at most one. */
export const refundIdOf = (orderId: string, version: number): string => derivedId('ref', orderId, version);

/** The ledger transaction of the transition to this version: there is at most one. */
export const postingIdOf = (orderId: string, version: number): string => derivedId('led', orderId, version);
