import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Where watchers listen: the socket of a book, or a Socket.IO server. */
export interface Feed {
  kind: 'bourse' | 'socket.io';
  url: string;
}

export interface TradePlan {
  action: 'trade';
  url: string;
  /** One socket for each token: bids over the even ones, asks over the odd ones. */
  tokens: string[];
  ordersPerFrame: number;
  framesInFlight: number;
  warmUpSeconds: number;
  seconds: number;
  /** Ends after this many accepted orders instead of after a time. */
  orders?: number;
}
export interface TradeSample {
  /** Accepted orders a second. */
  perSecond: number;
  accepted: number;
  refused: Record<string, number>;
  /** The last accepted command's answer. */
  lastAnswer: string;
}

/** Events at full speed to many watchers: by trading, or by telling the peer to emit. */
export interface BurstPlan {
  action: 'burst';
  feed: Feed;
  watchers: number;
  trading: TradePlan | null;
  warmUpSeconds: number;
  seconds: number;
}
/** All a second, summed over the watchers. */
export interface BurstSample {
  /** Book changes and trades that the frames stand for. */
  events: number;
  /** Level changes and trades spelled out in the frames: fewer, as several changes of a level are one. */
  entries: number;
  frames: number;
  lastAnswer: string;
}

/** One event at a time, from the command to the frame at a watcher. */
export interface LonePlan {
  action: 'lone';
  feed: Feed;
  watchers: number;
  /** Who places the orders; null asks the peer to emit. */
  token: string | null;
  events: number;
}
export interface LoneSample {
  p50Ms: number;
}

export type SocketPlan = TradePlan | BurstPlan | LonePlan;
interface Samples {
  trade: TradeSample;
  burst: BurstSample;
  lone: LoneSample;
}

/** Socket load from a thread of its own. */
export class SocketLoad {
  private readonly thread = new Worker(join(import.meta.dirname, 'socket-thread.ts'));

  run<P extends SocketPlan>(plan: P): Promise<Samples[P['action']]> {
    return new Promise((resolve, reject) => {
      this.thread.once('error', reject);
      this.thread.once('message', (message: { sample?: Samples[P['action']]; error?: string }) => {
        this.thread.off('error', reject);
        if (message.sample) resolve(message.sample);
        else reject(new Error(`${plan.action}: ${message.error}`));
      });
      this.thread.postMessage(plan);
    });
  }

  async stop(): Promise<void> {
    await this.thread.terminate();
  }
}
