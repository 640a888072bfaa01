/** Keeps what the database and the store must not be able to tell, and signs what comes back from outside. */
export interface Vault {
  /** Encrypts; `context` says what it is and whose, and has to be said again to open it. */
  seal(bytes: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Null for what was not sealed here, was changed, or belongs to another context. */
  open(sealed: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** The same for texts; what is sealed is base64url. */
  sealText(text: string, context: string): Promise<string>;
  openText(sealed: string, context: string): Promise<string | null>;
  /** A keyed hash (HMAC-SHA-256) as base64url. */
  sign(text: string): Promise<string>;
  verify(text: string, signature: string): Promise<boolean>;
}
