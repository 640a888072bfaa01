/**
 * A user's own line, as docs/realtime.md says: it connects again by itself, brings what was missed, closes gaps, and tells
 * each event once.
 */

const HEARTBEAT_MS = 50_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/** Ids of events that are known again. */
const KNOWN_IDS = 500;
/** After these there is nothing to come back for. */
const FINAL_CODES = new Set([4400, 4401, 4429]);

export function createLine({
  url,
  token,
  onEvent,
  onState,
  open = (address, protocols) => new WebSocket(address, protocols),
  later = (act, ms) => setTimeout(act, ms),
  random = Math.random,
}) {
  let socket = null;
  let seq = null;
  let pauses = 0;
  let isClosed = false;
  let refs = 0;
  let isBeating = false;
  const known = new Set();
  const waiting = new Map();

  const send = (frame) => {
    if (socket?.readyState === 1) socket.send(JSON.stringify(frame));
  };

  function isNew({ id }) {
    if (id === undefined) return true;
    if (known.has(id)) return false;
    known.add(id);
    if (known.size > KNOWN_IDS) known.delete(known.values().next().value);
    return true;
  }

  function take(frame) {
    if (frame.type === 'batch') {
      for (const event of frame.events) take(event);
      return;
    }
    const isAnswer = frame.ref !== undefined && waiting.has(frame.ref);
    if (isAnswer) {
      waiting.get(frame.ref)(frame);
      waiting.delete(frame.ref);
    }
    switch (frame.type) {
      case 'connected':
        pauses = 0;
        seq ??= frame.seq;
        onState('connected');
        break;
      case 'reset':
        seq = frame.seq;
        break;
      case 'pong':
        if (frame.seq > seq) send({ type: 'resume', resume_from: seq });
        return;
      default:
        // Feeds have sequences of their own.
        if (frame.seq !== undefined && frame.topic === undefined) {
          if (frame.seq <= seq) return;
          if (frame.seq > seq + 1) {
            send({ type: 'resume', resume_from: seq });
            return;
          }
          seq = frame.seq;
        }
    }
    if (isNew(frame) && !(isAnswer && frame.type === 'error')) onEvent(frame);
  }

  async function connect() {
    if (isClosed) return;
    const bearer = await token();
    if (isClosed || bearer === null) return;
    onState('connecting');
    socket = open(seq === null ? url : `${url}?resume_from=${seq}`, ['bourse.v1', `bearer.${bearer}`]);
    socket.onmessage = ({ data }) => {
      if (data !== 'pong') take(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      for (const answer of waiting.values())
        answer({ type: 'error', code: 'line_broke', detail: 'The line broke. Try again.' });
      waiting.clear();
      if (isClosed || FINAL_CODES.has(code)) {
        onState(`closed (${code})`);
        return;
      }
      onState('broken');
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** pauses);
      pauses += 1;
      later(connect, longest * (0.5 + random() / 2));
    };
    if (!isBeating) later(beat, HEARTBEAT_MS);
    isBeating = true;
  }

  function beat() {
    if (isClosed) return;
    send({ type: 'heartbeat' });
    later(beat, HEARTBEAT_MS);
  }

  connect();
  return {
    send,
    /** Sends a frame and resolves with what answers it; an `error` frame is an answer as well. */
    ask(frame) {
      refs += 1;
      const ref = `r${refs}`;
      return new Promise((resolve) => {
        if (socket?.readyState !== 1) {
          resolve({ type: 'error', code: 'line_broke', detail: 'Not connected.' });
          return;
        }
        waiting.set(ref, resolve);
        send({ ...frame, ref });
      });
    },
    close() {
      isClosed = true;
      socket?.close(1000);
    },
    /** For a look at what happens: cuts the line as a bad network would. */
    cut() {
      socket?.close(4000);
    },
  };
}
