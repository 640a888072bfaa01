/**
 * Group commit: work that arrives while the event loop is busy shares one storage transaction. Each item is applied to
 * memory first and written on the next turn; nobody is told before the write, so nothing undurable is ever seen. Memory
 * must not run ahead of storage: when a write fails, the object is aborted and rebuilt from what is stored.
 */
export class GroupCommit<T> {
  private items: T[] = [];
  private flushing: Promise<void> | null = null;
  private readonly write: (items: readonly T[]) => void;
  private readonly onFailure: (error: unknown) => void;

  /** `write` runs synchronously inside one transaction and then publishes; it throws when nothing was stored. */
  constructor(write: (items: readonly T[]) => void, onFailure: (error: unknown) => void) {
    this.write = write;
    this.onFailure = onFailure;
  }

  /** Resolves once the item is stored. */
  add(item: T): Promise<void> {
    this.items.push(item);
    this.flushing ??= new Promise((resolve, reject) => {
      setTimeout(() => {
        const items = this.items;
        this.items = [];
        this.flushing = null;
        try {
          this.write(items);
          resolve();
        } catch (error) {
          this.onFailure(error);
          reject(error);
        }
      }, 0);
    });
    return this.flushing;
  }

  /** Resolves when memory holds nothing that is not stored. */
  async settled(): Promise<void> {
    while (this.flushing !== null) await this.flushing;
  }

  get isDirty(): boolean {
    return this.flushing !== null;
  }
}
