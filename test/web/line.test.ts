import { describe, expect, it } from 'vitest';
import { createLine } from '../../src/web/public/line.js';

interface Sent {
  type: string;
  [name: string]: unknown;
}

/** A socket that the test holds the other end of. */
class FakeSocket {
  readyState = 1;
  sent: Sent[] = [];
  onmessage: (event: { data: string }) => void = () => {};
  onclose: (event: { code: number }) => void = () => {};
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  hear(frame: unknown) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
  drop(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }
  close(code: number) {
    this.drop(code);
  }
}

async function opened() {
  const sockets: FakeSocket[] = [];
  const events: { type: string; data?: { n: number } }[] = [];
  const timers: { act: () => void; ms: number }[] = [];
  const line = createLine({
    url: 'ws://here/ws',
    token: async () => 'token',
    open: (url: string) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    later: ((act: () => void, ms: number) => timers.push({ act, ms })) as never,
    random: () => 1,
    onEvent: (event: { type: string }) => events.push(event),
    onState: () => {},
  });
  await Promise.resolve();
  await Promise.resolve();
  sockets[0]!.hear({ type: 'connected', seq: 5, data: {} });
  const numbers = () => events.filter(({ type }) => type === 'notification').map(({ data }) => data!.n);
  /** Lets the pause before connecting again pass. */
  const reconnect = async () => {
    timers
      .filter(({ ms }) => ms < 50_000)
      .at(-1)!
      .act();
    await Promise.resolve();
    await Promise.resolve();
    return sockets.at(-1)!;
  };
  return { line, sockets, timers, numbers, reconnect, socket: sockets[0]! };
}
const note = (seq: number, id = `e${seq}`) => ({ type: 'notification', seq, id, data: { n: seq } });

describe('a line', () => {
  it('tells each event once and in order, out of batches too', async () => {
    const { socket, numbers } = await opened();
    socket.hear({ type: 'batch', events: [note(6), note(7)] });
    socket.hear(note(7));
    socket.hear({ ...note(8), id: 'e7' });
    socket.hear(note(9));
    expect(numbers()).toEqual([6, 7, 9]);
  });

  it('asks for what is missing when there is a gap, and when a pong knows more', async () => {
    const { socket, numbers } = await opened();
    socket.hear(note(8));
    expect(socket.sent).toEqual([{ type: 'resume', resume_from: 5 }]);
    expect(numbers()).toEqual([]);
    socket.hear({ type: 'batch', events: [note(6), note(7), note(8)] });
    expect(numbers()).toEqual([6, 7, 8]);
    socket.hear({ type: 'pong', seq: 9, data: {} });
    expect(socket.sent.at(-1)).toEqual({ type: 'resume', resume_from: 8 });
  });

  it('leaves the sequences of feeds alone', async () => {
    const { socket, numbers } = await opened();
    socket.hear({ ...note(100), topic: 'listing:lst_1' });
    socket.hear(note(6));
    expect(numbers()).toEqual([100, 6]);
  });

  it('comes back with growing pauses and its place, and goes on after a reset', async () => {
    const { socket, timers, reconnect, numbers } = await opened();
    socket.hear(note(6));
    socket.drop();
    const second = await reconnect();
    expect(second.url).toBe('ws://here/ws?resume_from=6');
    second.drop();
    const pauses = timers.filter(({ ms }) => ms < 50_000).map(({ ms }) => ms);
    expect(pauses[1]).toBeGreaterThan(pauses[0]!);
    const third = await reconnect();
    third.hear({ type: 'connected', seq: 40, data: {} });
    third.hear({ type: 'reset', seq: 40, data: {} });
    third.hear(note(41));
    expect(numbers()).toEqual([6, 41]);
  });

  it('stays away when its session has ended', async () => {
    const { socket, sockets, timers } = await opened();
    socket.drop(4401);
    expect(timers.filter(({ ms }) => ms < 50_000)).toEqual([]);
    expect(sockets).toHaveLength(1);
  });

  it('answers who asked, also when the line breaks before', async () => {
    const { socket, line } = await opened();
    const asked = line.ask({ type: 'message:send' });
    socket.hear({ type: 'message:sent', ref: socket.sent[0]!.ref, data: {} });
    expect(await asked).toMatchObject({ type: 'message:sent' });
    const lost = line.ask({ type: 'message:send' });
    socket.drop();
    expect(await lost).toMatchObject({ type: 'error', code: 'line_broke' });
  });
});
