/**
 * A lean HTTP/1.1 client for load: one request at a time on each kept-alive connection, over raw sockets, because on
 * two cores the load generator must cost a small part of what the server does.
 */
import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  /** Read as Latin-1: the bench looks for ids in it, nothing more. */
  text: string;
}

const HEAD_END = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: *(\d+)/i;

export class Connection {
  private readonly socket: Socket;
  private readonly onAnswer: (answer: Answer) => void;
  private received = '';

  private constructor(socket: Socket, onAnswer: (answer: Answer) => void, onEnd: (error: Error) => void) {
    this.socket = socket;
    this.onAnswer = onAnswer;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.read(chunk));
    socket.on('error', onEnd);
    socket.on('close', () => onEnd(new Error('the server closed the connection')));
  }

  static open(
    { hostname, port }: { hostname: string; port: string },
    onAnswer: (this: void, answer: Answer) => void,
    onEnd: (error: Error) => void,
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket, onAnswer, onEnd));
      });
    });
  }

  send(request: string): void {
    this.socket.write(request, 'latin1');
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private read(chunk: string): void {
    const text = this.received === '' ? chunk : this.received + chunk;
    const headEnd = text.indexOf(HEAD_END);
    const end = headEnd < 0 ? -1 : endOf(text, headEnd);
    if (end < 0 || text.length < end) {
      this.received = text;
      return;
    }
    this.received = '';
    this.onAnswer({ status: Number(text.slice(9, 12)), text });
  }
}

/** Where the answer ends, or -1 when that is not known yet. */
function endOf(text: string, headEnd: number): number {
  const bodyStart = headEnd + HEAD_END.length;
  const length = LENGTH.exec(text.slice(0, headEnd));
  if (length !== null) return bodyStart + Number(length[1]);
  return text.endsWith('0\r\n\r\n') ? text.length : -1;
}

/** The bytes of a request without a body. */
export function getRequest(url: string, headers: Record<string, string> = {}): string {
  const { host, pathname, search } = new URL(url);
  return `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n${headerLines(headers)}\r\n`;
}

/** The bytes of a POST with a JSON body of ASCII characters. */
export function postRequest(host: string, path: string, headers: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

export function headerLines(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}
