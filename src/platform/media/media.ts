/** Immutable media objects by content-addressed key. */
export interface MediaStore {
  put(key: string, bytes: ArrayBuffer | Uint8Array, contentType: string): Promise<void>;
  /** Answers range and conditional requests (RFC 9110): 200, 206, 304, 416, or null when there is no such key. */
  serve(key: string, request: Request): Promise<Response | null>;
  delete(keys: string[]): Promise<void>;
  /** Resolves when the store answers; throws when it does not. */
  ping(): Promise<void>;
}
