/** Password hashing. Hashes are PHC strings that carry their own parameters. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** With a null hash (unknown account) it does the same work and answers false, so that time tells nothing. */
  verify(password: string, hash: string | null): Promise<boolean>;
}

/** Thrown instead of joining a queue that is already too long. */
export class PasswordsBusyError extends Error {}
