import { and, asc, desc, eq, ne, sql } from 'drizzle-orm';
import { addresses } from '../../db/orders-schema.ts';
import type { Deps } from '../../deps.ts';
import { newId } from '../../domain/ids.ts';
import { problem } from '../../http/problem.ts';
import type { AddressRow } from './address-snapshot.ts';
import type { AddressChanges, NewAddress } from './orders.schemas.ts';

/** More than anybody lives at; keeps the list on one page. */
const MAX_ADDRESSES = 50;

const addressNotFound = () => problem('address_not_found', 'There is no such address, or it is not yours.');

export function listAddresses(deps: Deps, userId: string): Promise<AddressRow[]> {
  return deps.db
    .select()
    .from(addresses)
    .where(eq(addresses.userId, userId))
    .orderBy(desc(addresses.isDefault), asc(addresses.createdAt), asc(addresses.id));
}

/** One of the user's own addresses; 404 for any other. */
export async function getAddress(deps: Deps, userId: string, id: string): Promise<AddressRow> {
  const [row] = await deps.db
    .select()
    .from(addresses)
    .where(and(eq(addresses.id, id), eq(addresses.userId, userId)));
  if (!row) throw addressNotFound();
  return row;
}

/** Adds an address (SN-06). The first of its kind is the default; a new default takes over from the old one. */
export async function addAddress(deps: Deps, userId: string, input: NewAddress): Promise<AddressRow> {
  const mine = await listAddresses(deps, userId);
  if (mine.length >= MAX_ADDRESSES)
    throw problem('too_many_addresses', `You have ${MAX_ADDRESSES} addresses; delete one first.`);
  const nowMs = deps.now();
  const { type: kind, is_default, first_name, last_name, postal_code, ...fields } = input;
  const row: AddressRow = {
    id: newId('adr', deps.random),
    userId,
    kind,
    ...fields,
    firstName: first_name,
    lastName: last_name,
    postalCode: postal_code,
    isDefault: is_default || !mine.some((other) => other.kind === kind),
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  const insert = deps.db.insert(addresses).values(row);
  await (row.isDefault ? deps.db.batch([dethrone(deps, row), insert]) : insert);
  return row;
}

/** Takes the default away from the other addresses of this kind. */
function dethrone(deps: Deps, { id, userId, kind }: AddressRow) {
  return deps.db
    .update(addresses)
    .set({ isDefault: false })
    .where(and(eq(addresses.userId, userId), eq(addresses.kind, kind), ne(addresses.id, id)));
}

export async function changeAddress(
  deps: Deps,
  userId: string,
  id: string,
  changes: AddressChanges,
): Promise<AddressRow> {
  const row = await getAddress(deps, userId, id);
  const { first_name, last_name, postal_code, is_default, ...fields } = changes;
  const isDefault = is_default ?? row.isDefault;
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const update = deps.db
    .update(addresses)
    .set({
      ...given,
      firstName: first_name ?? row.firstName,
      lastName: last_name ?? row.lastName,
      postalCode: postal_code ?? row.postalCode,
      isDefault,
      updatedAt: deps.now(),
    })
    .where(and(eq(addresses.id, id), eq(addresses.userId, userId)));
  await (isDefault ? deps.db.batch([dethrone(deps, row), update]) : update);
  return getAddress(deps, userId, id);
}

/** Deletes an address; orders keep their copy. When it was the default, the oldest of its kind takes over. */
export async function deleteAddress(deps: Deps, userId: string, id: string): Promise<void> {
  const { kind } = await getAddress(deps, userId, id);
  const mine = and(eq(addresses.userId, userId), eq(addresses.kind, kind));
  const heir = sql`(select id from addresses where user_id = ${userId} and kind = ${kind}
    and not exists (select 1 from addresses where user_id = ${userId} and kind = ${kind} and is_default = 1)
    order by created_at, id limit 1)`;
  await deps.db.batch([
    deps.db.delete(addresses).where(and(mine, eq(addresses.id, id))),
    deps.db.update(addresses).set({ isDefault: true }).where(sql`${addresses.id} = ${heir}`),
  ]);
}
