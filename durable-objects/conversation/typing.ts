import { TYPING_SECONDS } from '../../src/wire/chat.ts';

const LIFE_MS = TYPING_SECONDS * 1_000;
/** Signs of typing that come faster than this are not passed on; they only keep the last one alive. */
const MIN_GAP_MS = 2_000;

interface Typist {
  isActive: boolean;
  untilMs: number;
  toldAtMs: number;
  timer: ReturnType<typeof setTimeout> | null;
}

/** Who types right now. Never stored: a sign of typing that is not renewed passes by itself. */
export class Typing {
  private readonly typists = new Map<string, Typist>();
  private readonly now: () => number;
  private readonly tell: (userId: string, isTyping: boolean) => void;

  constructor(now: () => number, tell: (userId: string, isTyping: boolean) => void) {
    this.now = now;
    this.tell = tell;
  }

  /** Answers until when it lasts. */
  start(userId: string): number {
    const nowMs = this.now();
    const known = this.typists.get(userId);
    const typist = known ?? { isActive: false, untilMs: 0, toldAtMs: Number.NEGATIVE_INFINITY, timer: null };
    typist.untilMs = nowMs + LIFE_MS;
    this.typists.set(userId, typist);
    if (nowMs - typist.toldAtMs >= MIN_GAP_MS) {
      typist.isActive = true;
      typist.toldAtMs = nowMs;
      this.tell(userId, true);
    }
    this.watch(userId, typist);
    return typist.untilMs;
  }

  stop(userId: string): void {
    const typist = this.typists.get(userId);
    if (typist === undefined) return;
    if (typist.timer !== null) clearTimeout(typist.timer);
    typist.timer = null;
    typist.untilMs = 0;
    if (!typist.isActive) return;
    typist.isActive = false;
    this.tell(userId, false);
  }

  /** Those who were typing when the object went to sleep, as their sockets remember it. */
  restore(typists: readonly { userId: string; untilMs: number }[]): void {
    for (const { userId, untilMs } of typists) {
      const typist = { isActive: true, untilMs, toldAtMs: untilMs - LIFE_MS, timer: null };
      this.typists.set(userId, typist);
      this.watch(userId, typist);
    }
  }

  private watch(userId: string, typist: Typist): void {
    if (typist.timer !== null) clearTimeout(typist.timer);
    const waitMs = Math.max(0, typist.untilMs - this.now());
    typist.timer = setTimeout(() => this.stop(userId), waitMs);
  }
}
