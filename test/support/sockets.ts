import { exports } from 'cloudflare:workers';
import type { TestBook } from './books.ts';

/** A frame of a book's socket; tests name what they look at. */
export type Frame = { type: string } & Record<string, unknown>;

/** A client of a book's socket that keeps every frame and lets a test wait for one. */
export class TestSocket {
  readonly frames: Frame[] = [];
  readonly texts: string[] = [];
  closedWith: { code: number; reason: string } | null = null;
  private readonly socket: WebSocket;
  private readonly waiting: { isMet: () => boolean; resolve: () => void }[] = [];
  private refs = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.accept();
    socket.addEventListener('message', ({ data }) => {
      const text = String(data);
      this.texts.push(text);
      if (text.startsWith('{')) this.frames.push(JSON.parse(text) as Frame);
      this.wake();
    });
    socket.addEventListener('close', ({ code, reason }) => {
      this.closedWith = { code, reason };
      this.wake();
    });
  }

  private wake(): void {
    for (let index = this.waiting.length - 1; index >= 0; index -= 1)
      if (this.waiting[index]!.isMet()) this.waiting.splice(index, 1)[0]!.resolve();
  }

  /** Resolves when the condition holds; the test's own time limit ends a wait for something that never comes. */
  async until(isMet: () => boolean): Promise<void> {
    if (!isMet()) await new Promise<void>((resolve) => this.waiting.push({ isMet, resolve }));
  }

  /** The first frame that fits, already here or still to come. */
  async next(fits: (frame: Frame) => boolean): Promise<Frame> {
    await this.until(() => this.frames.some(fits));
    return this.frames.find(fits)!;
  }

  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame));
  }

  sendRaw(data: string | ArrayBuffer): void {
    this.socket.send(data);
  }

  /** Sends a frame under a reference of its own and gives the frame that answers it. */
  ask(frame: Record<string, unknown>): Promise<Frame> {
    this.refs += 1;
    const ref = `ref-${this.refs}`;
    this.send({ ...frame, ref });
    return this.next((answer) => answer.ref === ref);
  }

  /** Resolves when everything that the server sent before this call has arrived. */
  async settle(): Promise<void> {
    await this.ask({ type: 'ping' });
  }

  ofType(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  close(code = 1000): void {
    this.socket.close(code, 'done');
  }
}

/** The upgrade request as a client sends it. */
export function upgrade(book: TestBook, headers: Record<string, string> = {}, query = ''): Promise<Response> {
  return exports.default.fetch(
    new Request(`https://bourse.test${book.market}/ws${query}`, {
      headers: { Upgrade: 'websocket', ...headers },
    }),
  );
}

/** An open socket; `token` signs it in by the Authorization header. */
export async function connect(book: TestBook, token?: string): Promise<TestSocket> {
  const response = await upgrade(book, token === undefined ? {} : { Authorization: `Bearer ${token}` });
  if (response.webSocket === null) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  return new TestSocket(response.webSocket);
}
