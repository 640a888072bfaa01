/**
 * The peer of the chat benchmark: Socket.IO, rooms by name, each message emitted to its room and acknowledged to its
 * sender, with a payload of the size that a message has in Bourse. It stores nothing, which Bourse does before anybody
 * hears of a message. `node socket-io-chat.mjs`; the port is printed.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false });
let seq = 0;

io.on('connection', (socket) => {
  const room = String(socket.handshake.query.room);
  socket.join(room);
  socket.on('message', ({ content, client_id }, acknowledge) => {
    seq += 1;
    const message = {
      id: `msg_${room}${seq.toString(36)}`,
      conversation_id: room,
      seq,
      rev: seq,
      sender_id: socket.id,
      client_id,
      message_type: 'text',
      content,
      image_urls: [],
      file: null,
      offer_data: null,
      reply_to: null,
      warnings: [],
      reactions: {},
      created_at: new Date().toISOString(),
      edited_at: null,
      deleted_at: null,
      edits: [],
    };
    io.to(room).emit('message', message);
    acknowledge({ id: message.id, seq });
  });
});

http.listen(0, '127.0.0.1', () => console.log(http.address().port));
