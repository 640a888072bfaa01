import { eq } from 'drizzle-orm';
import { isUniqueViolation } from '../../db/client.ts';
import { carrierEvents } from '../../db/orders-schema.ts';
import type { Deps } from '../../deps.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { MALFORMED_JSON, Problem, problem, validationFailure } from '../../http/problem.ts';
import { findByTracking } from './orders.repository.ts';
import { CarrierReport } from './orders.schemas.ts';
import { trigger } from './orders.usecases.ts';

/** How far a carrier's clock, or a replayed report, may be from our time. */
const TOLERANCE_MS = 300 * SECOND_MS;
const SIGNATURE = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

const invalidSignature = () =>
  problem('invalid_signature', 'The report is not signed by a carrier that we know, or it is too old.');

/** Checks `t=<unix seconds>,v1=<hex>`: HMAC SHA-256 of `<t>.<raw body>` under the shared secret. */
async function checkSignature(deps: Deps, rawBody: string, header: string | undefined): Promise<void> {
  const { CARRIER_WEBHOOK_SECRET: secret } = deps.config;
  const [, seconds, hex] = SIGNATURE.exec(header ?? '') ?? [];
  if (secret === undefined || seconds === undefined || hex === undefined) throw invalidSignature();
  if (Math.abs(deps.now() - Number(seconds) * SECOND_MS) > TOLERANCE_MS) throw invalidSignature();
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );
  const signature = Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  const isGenuine = await crypto.subtle.verify(
    'HMAC',
    key,
    signature,
    encoder.encode(`${seconds}.${rawBody}`),
  );
  if (!isGenuine) throw invalidSignature();
}

function parseReport(rawBody: string): CarrierReport {
  let json: unknown;
  try {
    json = JSON.parse(rawBody);
  } catch {
    throw new Problem(MALFORMED_JSON);
  }
  const report = CarrierReport.safeParse(json);
  if (!report.success) throw new Problem(validationFailure(report.error.issues));
  return report.data;
}

/**
 * A carrier reports on a parcel. A delivery takes effect once, by its event id; other reports are read and ignored. 404
 * for a parcel that no order knows (yet): the carrier sends it again.
 */
export async function receiveCarrierReport(
  deps: Deps,
  rawBody: string,
  signature: string | undefined,
): Promise<'applied' | 'duplicate' | 'ignored'> {
  await checkSignature(deps, rawBody, signature);
  const report = parseReport(rawBody);
  const [known] = await deps.db.select().from(carrierEvents).where(eq(carrierEvents.id, report.event_id));
  if (known) return 'duplicate';
  if (report.type !== 'delivered') return 'ignored';
  const orderId = await findByTracking(deps.db, report.carrier, report.tracking_number);
  if (orderId === null) throw problem('order_not_found', 'No order was sent with this tracking number.');
  try {
    const note = deps.db
      .insert(carrierEvents)
      .values({ id: report.event_id, orderId, body: rawBody, receivedAt: deps.now() });
    return (await trigger(deps, orderId, 'carrier_delivered', () => [note])) ? 'applied' : 'ignored';
  } catch (error) {
    if (isUniqueViolation(error, 'carrier_events.id')) return 'duplicate';
    throw error;
  }
}
