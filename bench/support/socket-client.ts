/**
 * A lean WebSocket client for load, over raw sockets: a thousand of them, fed at full speed, must cost less than the
 * server that feeds them. Text frames in one piece, as the servers under test send them.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class SocketClient {
  private readonly socket: Socket;
  private readonly onText: (payload: Buffer) => void;
  private received: Buffer;

  private constructor(socket: Socket, first: Buffer, onText: (payload: Buffer) => void) {
    this.socket = socket;
    this.onText = onText;
    this.received = first;
    socket.on('data', (chunk: Buffer) => {
      this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
      this.readFrames();
    });
    // What arrived together with the handshake is read once the caller holds the client.
    setImmediate(() => this.readFrames());
  }

  static open(
    url: string,
    headers: Record<string, string>,
    onText: (payload: Buffer) => void,
  ): Promise<SocketClient> {
    const { hostname, port, host, pathname, search } = new URL(url);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.setNoDelay(true);
      socket.on('error', reject);
      socket.once('connect', () => {
        socket.write(
          `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${lines.join('')}\r\n`,
        );
      });
      let head: Buffer = Buffer.alloc(0);
      const onHead = (chunk: Buffer) => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        socket.off('data', onHead);
        const status = head.toString('latin1', 9, 12);
        if (status === '101') resolve(new SocketClient(socket, head.subarray(end + 4), onText));
        else reject(new Error(`no socket: ${head.toString('latin1')}`));
      };
      socket.on('data', onHead);
    });
  }

  /** Sends ASCII text. The mask that clients must use is zero, which leaves the payload as it is. */
  send(text: string): void {
    this.write(TEXT, Buffer.from(text, 'latin1'));
  }

  close(): void {
    this.socket.destroy();
  }

  private write(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
    const frame = Buffer.alloc(2 + extra + 4 + length);
    frame[0] = 0x80 | opcode;
    frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
    if (extra === 2) frame.writeUInt16BE(length, 2);
    if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2);
    payload.copy(frame, 6 + extra);
    this.socket.write(frame);
  }

  private readFrames(): void {
    let at = 0;
    const { received } = this;
    while (received.length - at >= 2) {
      const short = received[at + 1]! & 0x7f;
      const headEnd = at + 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
      if (received.length < headEnd) break;
      const length =
        short === 126
          ? received.readUInt16BE(at + 2)
          : short === 127
            ? Number(received.readBigUInt64BE(at + 2))
            : short;
      if (received.length < headEnd + length) break;
      const payload = received.subarray(headEnd, headEnd + length);
      const opcode = received[at]! & 0x0f;
      at = headEnd + length;
      if (opcode === TEXT) this.onText(payload);
      else if (opcode === PING) this.write(PONG, payload);
      else if (opcode === CLOSE) throw new Error(`the server closed a socket: ${payload.subarray(2)}`);
    }
    this.received = received.subarray(at);
  }
}
