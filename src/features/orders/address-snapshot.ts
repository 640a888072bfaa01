import type { addresses } from '../../db/orders-schema.ts';

export type AddressRow = typeof addresses.$inferSelect;

/** An address as the API shows it, and as an order keeps it. */
export function addressView(row: AddressRow) {
  return {
    first_name: row.firstName,
    last_name: row.lastName,
    phone: row.phone,
    line1: row.line1,
    line2: row.line2,
    city: row.city,
    region: row.region,
    postal_code: row.postalCode,
    country: row.country,
  };
}
export type AddressSnapshot = ReturnType<typeof addressView>;

/** What an order keeps of an address: later edits of the address do not reach it. */
export const snapshotOf = (row: AddressRow): string => JSON.stringify(addressView(row));
