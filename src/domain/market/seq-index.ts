/**
 * Values by sequence number. Sequences are given out one after another, so they are kept in pages of neighbours: what
 * is added lands in the page that was used last, and a page is dropped with its last value.
 */
interface Page<T> {
  readonly number: number;
  readonly slots: (T | undefined)[];
  count: number;
}

/** Small enough that a few old orders left among many commands hold little memory. */
const PAGE_LENGTH = 64;

export class SeqIndex<T> {
  private readonly pages = new Map<number, Page<T>>();
  private recent: Page<T> | undefined;

  get(seq: number): T | undefined {
    return this.pageOf(seq)?.slots[seq % PAGE_LENGTH];
  }

  /** Adds a value under a sequence that has none. */
  add(seq: number, value: T): void {
    const page = this.pageOf(seq) ?? this.openPage(pageNumber(seq));
    page.slots[seq % PAGE_LENGTH] = value;
    page.count += 1;
  }

  /** Removes the value of a sequence that has one. */
  remove(seq: number): void {
    const page = this.pageOf(seq)!;
    page.slots[seq % PAGE_LENGTH] = undefined;
    page.count -= 1;
    if (page.count > 0) return;
    this.pages.delete(page.number);
    this.recent = undefined;
  }

  private pageOf(seq: number): Page<T> | undefined {
    const number = pageNumber(seq);
    if (this.recent?.number === number) return this.recent;
    const page = this.pages.get(number);
    if (page !== undefined) this.recent = page;
    return page;
  }

  private openPage(number: number): Page<T> {
    const page: Page<T> = { number, slots: new Array(PAGE_LENGTH).fill(undefined), count: 0 };
    this.pages.set(number, page);
    this.recent = page;
    return page;
  }
}

function pageNumber(seq: number): number {
  return Math.floor(seq / PAGE_LENGTH);
}
