/** The thread that makes HTTP load: it draws requests, keeps every connection busy, and times the answers. */
import { performance } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';
import { Connection, getRequest, headerLines, postRequest } from './http-client.ts';
import type { LoadPlan, LoadSample } from './load.ts';
import { quantile } from './measure.ts';
import { createOrderFlow } from './order-flow.ts';

/** Endless requests of a kind; `orders` never repeats a key over the life of this thread. */
type Source = () => string;
const sources = new Map<string, Source>();

function sourceOf({ name, requests }: LoadPlan): Source {
  const known = sources.get(name);
  if (known !== undefined) return known;
  const source = createSource(requests);
  sources.set(name, source);
  return source;
}

function createSource(requests: LoadPlan['requests']): Source {
  if (requests.kind === 'get') {
    const request = getRequest(requests.url, requests.headers);
    return () => request;
  }
  const { host } = new URL(requests.url);
  const { productId, sizeId, buyers, sellers, run } = requests;
  const bidders = buyers.map((token) => headerLines({ Authorization: `Bearer ${token}` }));
  const askers = sellers.map((token) => headerLines({ Authorization: `Bearer ${token}` }));
  const draw = createOrderFlow(requests.seed, buyers.length);
  let sent = 0;
  return () => {
    const order = draw();
    const authorization = (order.side === 'bid' ? bidders : askers)[order.user]!;
    const headers = `${authorization}Idempotency-Key: ${run}-${sent++}\r\n`;
    const body = `{"product_id":"${productId}","size_id":"${sizeId}","price_cents":${order.priceCents},"quantity":${order.quantity}}`;
    return postRequest(host, order.side === 'bid' ? '/api/v1/bids' : '/api/v1/asks', headers, body);
  };
}

async function run(plan: LoadPlan): Promise<LoadSample> {
  const next = sourceOf(plan);
  const target = new URL(plan.requests.url);
  const startsAt = performance.now() + plan.warmUpSeconds * 1_000;
  const endsAt = startsAt + plan.seconds * 1_000;
  const latencies: number[] = [];
  const failures: Record<string, number> = {};
  let lastAnswer = '';
  let open = plan.connections;
  const connections: Connection[] = [];

  await new Promise<void>((finished, failed) => {
    for (let index = 0; index < plan.connections; index += 1) {
      let sentAt = 0;
      let connection: Connection;
      const send = () => {
        sentAt = performance.now();
        connection.send(next());
      };
      Connection.open(
        target,
        ({ status, text }) => {
          const now = performance.now();
          if (status >= 300) {
            const code = `${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`;
            failures[code] = (failures[code] ?? 0) + 1;
          } else {
            lastAnswer = text;
            if (now >= startsAt && now < endsAt) latencies.push(now - sentAt);
          }
          if (now < endsAt) send();
          else if (--open === 0) finished();
        },
        failed,
      ).then((opened) => {
        connection = opened;
        connections.push(opened);
        send();
      }, failed);
    }
  });
  for (const connection of connections) connection.close();
  const sorted = Float64Array.from(latencies).sort();
  return {
    perSecond: sorted.length / plan.seconds,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    failures,
    lastAnswer: lastAnswer.slice(lastAnswer.indexOf('\r\n\r\n') + 4),
  };
}

parentPort!.on('message', (plan: LoadPlan) => {
  run(plan).then(
    (sample) => parentPort!.postMessage({ sample }),
    (error: unknown) => parentPort!.postMessage({ error: String(error) }),
  );
});
