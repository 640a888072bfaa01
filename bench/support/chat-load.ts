import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

export interface ChatRoom {
  /** The socket of a conversation, or a Socket.IO server. */
  url: string;
  /** Whose devices are in it, in turn; none where nobody signs in. */
  tokens: string[];
  name: string;
}

interface Rooms {
  kind: 'bourse' | 'socket.io';
  rooms: ChatRoom[];
  socketsPerRoom: number;
  sendersPerRoom: number;
}

/** Messages as fast as they are acknowledged, to every socket of their room. */
export interface ChatBurst extends Rooms {
  action: 'burst';
  /** Messages of one sender that wait for their acknowledgement. */
  inFlight: number;
  warmUpSeconds: number;
  seconds: number;
}
export interface ChatSample {
  /** Messages that arrived, a second, summed over the sockets. */
  delivered: number;
  frames: number;
}

/** One message at a time, from the frame that sends it to its acknowledgement. */
export interface ChatLone extends Rooms {
  action: 'lone';
  messages: number;
}
export interface LoneChatSample {
  p50Ms: number;
}

export type ChatPlan = ChatBurst | ChatLone;
type SampleOf<P extends ChatPlan> = P extends ChatBurst ? ChatSample : LoneChatSample;

/** Talk from a thread of its own. */
export class ChatLoad {
  private readonly thread = new Worker(join(import.meta.dirname, 'chat-thread.ts'));

  run<P extends ChatPlan>(plan: P): Promise<SampleOf<P>> {
    return new Promise((resolve, reject) => {
      this.thread.once('error', reject);
      this.thread.once('message', (message: { sample?: SampleOf<P>; error?: string }) => {
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
