/** Time-based codes of authenticator apps (RFC 6238). */
export interface Authenticator {
  /** A new shared secret in base 32, as apps take it. */
  newSecret(): string;
  /** The address that an app reads, and the same as a QR code in SVG. */
  enrolment(secret: string, account: string): { uri: string; qrSvg: string };
  /** The time step that a code belongs to, now or one step off; null for a wrong code. */
  stepOf(secret: string, code: string, nowMs: number): number | null;
}
