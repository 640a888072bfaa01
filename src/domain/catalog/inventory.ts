/** Kinds of stock movement, each kept in the audit trail (SN-10). */
export const INVENTORY_KINDS = ['addition', 'removal', 'reservation', 'release', 'sale'] as const;
export type InventoryKind = (typeof INVENTORY_KINDS)[number];
