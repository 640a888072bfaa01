/** Verification of people (C.10): pending -> approved | rejected; whoever was rejected may hand in again. */
export const KYC_STATUSES = ['pending', 'approved', 'rejected'] as const;
export type KycStatus = (typeof KYC_STATUSES)[number];

export const KYC_DOCUMENT_KINDS = [
  'passport',
  'id_card',
  'driving_licence',
  'proof_of_address',
  'selfie',
] as const;
export type KycDocumentKind = (typeof KYC_DOCUMENT_KINDS)[number];

/** One of these says who somebody is; the others only add to it. */
const IDENTITY_DOCUMENTS: readonly KycDocumentKind[] = ['passport', 'id_card', 'driving_licence'];

export const MAX_KYC_DOCUMENTS = 6;

export const provesIdentity = (kinds: readonly KycDocumentKind[]): boolean =>
  kinds.some((kind) => IDENTITY_DOCUMENTS.includes(kind));

/** What the file is by its first bytes, whatever it is called; null for anything but these. */
export function documentTypeOf(bytes: Uint8Array): string | null {
  const starts = (...signature: number[]) => signature.every((byte, at) => bytes[at] === byte);
  const ascii = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (starts(0x25, 0x50, 0x44, 0x46, 0x2d)) return 'application/pdf';
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  if (starts(0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (ascii(0, 4) === 'RIFF' && ascii(8, 12) === 'WEBP') return 'image/webp';
  return null;
}
