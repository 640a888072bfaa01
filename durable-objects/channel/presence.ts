/** How long until the contacts are told again, when telling them failed. */
const RETRY_MS = 5_000;

export interface PresenceHost {
  now: () => number;
  /** What the contacts were told last. */
  announced(): boolean;
  setAnnounced(isOnline: boolean): void;
  isOnline(): boolean;
  tell(isOnline: boolean): Promise<void>;
}

/**
 * A user is online while at least one device is connected (C.7). What the contacts know follows what is so: told once for
 * each change, and again until it succeeds.
 */
export class Presence {
  private readonly host: PresenceHost;
  private telling: Promise<void> | null = null;
  retryAtMs: number | null = null;

  constructor(host: PresenceHost) {
    this.host = host;
  }

  /** Resolves when the contacts know, or when telling them has failed and is to be tried again. */
  reconcile(): Promise<void> {
    this.telling ??= this.tellUntilTrue().finally(() => {
      this.telling = null;
    });
    return this.telling;
  }

  private async tellUntilTrue(): Promise<void> {
    this.retryAtMs = null;
    try {
      for (;;) {
        const isOnline = this.host.isOnline();
        if (isOnline === this.host.announced()) return;
        await this.host.tell(isOnline);
        this.host.setAnnounced(isOnline);
      }
    } catch (error) {
      console.warn(JSON.stringify({ level: 'warn', event: 'presence_not_told', error: String(error) }));
      this.retryAtMs = this.host.now() + RETRY_MS;
    }
  }
}
