import { Secret, TOTP } from 'otpauth';
import { renderSVG } from 'uqr';
import type { RandomSource } from '../../domain/ids.ts';
import type { Authenticator } from './authenticator.ts';

const ISSUER = 'Bourse';
/** RFC 4226 recommends 160 bits; the rest is what every app assumes. */
const SECRET_BYTES = 20;
const PERIOD_SECONDS = 30;
const DIGITS = 6;
/** Clocks of phones differ, and codes take a moment to type. */
const STEPS_OFF = 1;

const totpOf = (secret: string, label: string) =>
  new TOTP({
    issuer: ISSUER,
    label,
    secret: Secret.fromBase32(secret),
    algorithm: 'SHA1',
    digits: DIGITS,
    period: PERIOD_SECONDS,
  });

export function createOtpauthAuthenticator(random: RandomSource): Authenticator {
  return {
    newSecret() {
      const bytes = Uint8Array.from(random(new Uint8Array(SECRET_BYTES)));
      return new Secret({ buffer: bytes.buffer }).base32;
    },
    enrolment(secret, account) {
      const uri = totpOf(secret, account).toString();
      return { uri, qrSvg: renderSVG(uri) };
    },
    stepOf(secret, code, nowMs) {
      const delta = totpOf(secret, '').validate({ token: code, timestamp: nowMs, window: STEPS_OFF });
      return delta === null ? null : Math.floor(nowMs / 1000 / PERIOD_SECONDS) + delta;
    },
  };
}
