import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

export type Requests =
  | { kind: 'get'; url: string; headers: Record<string, string> }
  | {
      kind: 'orders';
      url: string;
      productId: string;
      sizeId: string;
      /** Access tokens. */
      buyers: string[];
      sellers: string[];
      seed: number;
      /** Makes the request keys of this run its own. */
      run: string;
    };

export interface LoadPlan {
  /** Plans of the same name go on with the same requests. */
  name: string;
  requests: Requests;
  connections: number;
  warmUpSeconds: number;
  seconds: number;
}

export interface LoadSample {
  /** Successful answers a second. */
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** How many answers were refusals, by status and code. */
  failures: Record<string, number>;
  /** The body of the last successful answer. */
  lastAnswer: string;
}

/** Load from a thread of its own, so that nothing this process does for the servers slows it down. */
export class LoadGenerator {
  private readonly thread = new Worker(join(import.meta.dirname, 'load-thread.ts'));

  run(plan: LoadPlan): Promise<LoadSample> {
    return new Promise((resolve, reject) => {
      this.thread.once('error', reject);
      this.thread.once('message', (message: { sample?: LoadSample; error?: string }) => {
        this.thread.off('error', reject);
        if (message.sample) resolve(message.sample);
        else reject(new Error(`${plan.name}: ${message.error}`));
      });
      this.thread.postMessage(plan);
    });
  }

  async stop(): Promise<void> {
    await this.thread.terminate();
  }
}
