import { reasonOf, type SendOutcome } from '../domain/notifications/delivery.ts';

const TIMEOUT_MS = 10_000;

export interface Relay {
  url: string;
  token: string;
  fetchFn: typeof fetch;
}

/** Hands a message to a provider's HTTP address as JSON; what it cannot take is refused, what it cannot do now fails. */
export async function relay({ url, token, fetchFn }: Relay, id: string, body: unknown): Promise<SendOutcome> {
  try {
    const answer = await fetchFn(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${token}`,
        'Idempotency-Key': id,
      },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
    if (answer.ok) return { kind: 'sent', reference: answer.headers.get('X-Message-Id') };
    if (answer.status === 404 || answer.status === 410) return { kind: 'gone' };
    const reason = `the provider answered ${answer.status}`;
    return answer.status === 429 || answer.status >= 500
      ? { kind: 'failed', reason }
      : { kind: 'refused', reason };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) };
  }
}
