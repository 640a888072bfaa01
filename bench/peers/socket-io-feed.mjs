/**
 * The peer of the fan-out benchmark: Socket.IO, one emit per event to a room, with a payload of the size that one event
 * has in Bourse's feed. Events come from the process itself, as fast as its sockets take them, which spares it the
 * matching and the storing that Bourse does for each of its events. `node socket-io-feed.mjs`; the port is printed.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const ROOM = 'book';
/** Bytes that may wait in one socket before the burst pauses. */
const MAX_WAITING_BYTES = 64 * 1024;
const EMITS_PER_TURN = 10;

const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false });
let seq = 0;
let isBursting = false;

function emit() {
  seq += 1;
  io.to(ROOM).emit('update', {
    book: {
      prev_seq: seq - 1,
      first_seq: seq,
      last_seq: seq,
      changes: [['bid', 50_000 + (seq % 100), 3, 2]],
    },
  });
}

function isBehind() {
  for (const { conn } of io.sockets.sockets.values()) {
    if ((conn.transport.socket?._socket?.writableLength ?? 0) > MAX_WAITING_BYTES) return true;
  }
  return false;
}

function burst() {
  if (!isBursting) return;
  if (isBehind()) {
    setTimeout(burst, 1);
    return;
  }
  for (let index = 0; index < EMITS_PER_TURN; index += 1) emit();
  setImmediate(burst);
}

io.on('connection', (socket) => {
  socket.join(ROOM);
  socket.on('start', () => {
    isBursting = true;
    burst();
  });
  socket.on('stop', () => {
    isBursting = false;
  });
  socket.on('one', emit);
});

http.listen(0, '127.0.0.1', () => console.log(http.address().port));
