/** Which journal records have been confirmed: ranges may arrive in any order and more than once. */
export class Watermark {
  private through: number;
  private readonly ahead = new Map<number, number>();
  private readonly partsSeen = new Map<number, Set<number>>();

  constructor(through: number) {
    this.through = through;
  }

  /** Everything up to and including this sequence is confirmed. */
  get value(): number {
    return this.through;
  }

  /** Notes a confirmed range, or one part of a record that was cut; true when the watermark rose. */
  confirm(firstSeq: number, lastSeq: number, part: number, parts: number): boolean {
    if (lastSeq <= this.through) return false;
    if (parts > 1) {
      const seen = this.partsSeen.get(firstSeq) ?? new Set<number>();
      seen.add(part);
      this.partsSeen.set(firstSeq, seen);
      if (seen.size < parts) return false;
      this.partsSeen.delete(firstSeq);
    }
    this.ahead.set(firstSeq, Math.max(lastSeq, this.ahead.get(firstSeq) ?? 0));
    const before = this.through;
    for (;;) {
      // Ranges overlap after a resend that was cut differently, so the next one may begin below the mark.
      const next = [...this.ahead].find(([first]) => first <= this.through + 1);
      if (next === undefined) return this.through > before;
      this.ahead.delete(next[0]);
      this.through = Math.max(this.through, next[1]);
    }
  }

  /** Starts again from `through`, as a rebuild of the projection does. */
  reset(through: number): void {
    this.through = through;
    this.ahead.clear();
    this.partsSeen.clear();
  }
}
