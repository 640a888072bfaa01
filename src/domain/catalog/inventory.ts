import type { ErrorCode } from '../errors.ts';

/** Kinds of stock movement, each kept in the audit trail (SN-10). */
export const INVENTORY_KINDS = ['addition', 'removal', 'reservation', 'release', 'sale'] as const;
export type InventoryKind = (typeof INVENTORY_KINDS)[number];

/** What an admin may enter by hand; a sale is entered by the order that sold. */
export const MANUAL_INVENTORY_KINDS = [
  'addition',
  'removal',
  'reservation',
  'release',
] as const satisfies readonly InventoryKind[];

/** The largest movement accepted in one entry. */
export const MAX_MOVEMENT = 1_000_000;

/** Units in stock and the part of them that is promised to someone: `0 <= reserved <= quantity` (SN-09). */
export interface Stock {
  quantity: number;
  reserved: number;
}

/** What a movement of `units` adds to the stock and to its reserved part; a sale takes a reserved unit away. */
export function stockChange(kind: InventoryKind, units: number): Stock {
  switch (kind) {
    case 'addition':
      return { quantity: units, reserved: 0 };
    case 'removal':
      return { quantity: -units, reserved: 0 };
    case 'reservation':
      return { quantity: 0, reserved: units };
    case 'release':
      return { quantity: 0, reserved: -units };
    case 'sale':
      return { quantity: -units, reserved: -units };
  }
}

/** The refusal of a movement that would break `0 <= reserved <= quantity`. */
export function shortfallOf(
  kind: InventoryKind,
): Extract<ErrorCode, 'insufficient_stock' | 'insufficient_reservation'> {
  return kind === 'release' || kind === 'sale' ? 'insufficient_reservation' : 'insufficient_stock';
}
