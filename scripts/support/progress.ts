/** Progress of one phase: a bar on a terminal, a line now and then elsewhere. */
export type Progress = {
  /** `note` is a short word on what is being done. */
  advance(count?: number, note?: string): void;
  finish(summary: string): void;
};

export type ProgressStream = { isTTY?: boolean; write(text: string): unknown };

const BAR_CELLS = 28;
const REDRAW_MS = 100;
const LINE_MS = 5_000;

export function startProgress(
  label: string,
  total: number,
  stream: ProgressStream = process.stdout,
  now: () => number = () => performance.now(),
): Progress {
  const startMs = now();
  let done = 0;
  let shownMs = startMs;
  if (!stream.isTTY) stream.write(`${label}: ${total}\n`);
  return {
    advance(count = 1, note = '') {
      done += count;
      const nowMs = now();
      if (nowMs - shownMs < (stream.isTTY ? REDRAW_MS : LINE_MS)) return;
      shownMs = nowMs;
      if (stream.isTTY) stream.write(`\r\x1b[2K${label} ${bar(done, total)} ${done}/${total} ${note}`);
      else stream.write(`${label}: ${done}/${total}${note ? ` (${note})` : ''}\n`);
    },
    finish(summary) {
      const seconds = ((now() - startMs) / 1000).toFixed(1);
      stream.write(`${stream.isTTY ? '\r\x1b[2K' : ''}${label}: ${summary} in ${seconds} s\n`);
    },
  };
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR_CELLS : Math.min(BAR_CELLS, Math.round((done / total) * BAR_CELLS));
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`;
}
