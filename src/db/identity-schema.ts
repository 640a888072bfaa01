/** Tables of identity: mailed links, devices, second factors, preferences, activity, and the verification of people. */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { ACCOUNT_TOKEN_PURPOSES } from '../domain/accounts/account-token.ts';
import { DATE_FORMATS, LANGUAGES, THEMES, TIME_FORMATS } from '../domain/accounts/preferences.ts';
import { KYC_DOCUMENT_KINDS, KYC_STATUSES } from '../domain/accounts/verification.ts';
import { users } from './schema.ts';

const owner = () =>
  text()
    .notNull()
    .references(() => users.id);

/** Links that were mailed. Each works once and only for the address it went to; only its hash is stored. */
export const accountTokens = sqliteTable(
  'account_tokens',
  {
    hash: text().primaryKey(),
    userId: owner(),
    purpose: text({ enum: ACCOUNT_TOKEN_PURPOSES }).notNull(),
    /** The lower-cased address that it was sent to. */
    emailKey: text().notNull(),
    /** The request that it answers, so that a request that is delivered twice makes one link. */
    cause: text().notNull(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    usedAt: integer(),
  },
  (t) => [
    uniqueIndex('account_tokens_cause').on(t.cause),
    index('account_tokens_user').on(t.userId, t.purpose, t.createdAt),
    index('account_tokens_expiry').on(t.expiresAt),
  ],
);

/** Browsers and apps that have signed in with the right password, known by a cookie of which only the hash is here. */
export const knownDevices = sqliteTable(
  'known_devices',
  {
    userId: owner(),
    hash: text().notNull(),
    userAgent: text().notNull(),
    address: text().notNull(),
    createdAt: integer().notNull(),
    lastUsedAt: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.hash] }),
    index('known_devices_user').on(t.userId, t.lastUsedAt),
    index('known_devices_used').on(t.lastUsedAt),
  ],
);

/** What a user did with their account, for themselves to read. */
export const accountActivity = sqliteTable(
  'account_activity',
  {
    id: text().primaryKey(),
    userId: owner(),
    action: text().notNull(),
    address: text(),
    userAgent: text(),
    sessionId: text(),
    createdAt: integer().notNull(),
  },
  (t) => [
    index('account_activity_user').on(t.userId, t.createdAt, t.id),
    index('account_activity_created').on(t.createdAt),
  ],
);

/** The shared secret with a user's authenticator app, encrypted; it asks for codes from when it was confirmed. */
export const twoFactor = sqliteTable('two_factor', {
  userId: text()
    .primaryKey()
    .references(() => users.id),
  sealedSecret: text().notNull(),
  confirmedAt: integer(),
  /** The time step of the last code that was taken: no code works twice. */
  lastStep: integer().notNull(),
  createdAt: integer().notNull(),
});

export const recoveryCodes = sqliteTable(
  'recovery_codes',
  {
    userId: owner(),
    hash: text().notNull(),
    usedAt: integer(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.hash] })],
);

/** A login whose password was right and whose code is still to come. */
export const loginChallenges = sqliteTable(
  'login_challenges',
  {
    hash: text().primaryKey(),
    userId: owner(),
    attempts: integer().notNull(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    usedAt: integer(),
  },
  (t) => [index('login_challenges_expiry').on(t.expiresAt)],
);

export const userPreferences = sqliteTable('user_preferences', {
  userId: text()
    .primaryKey()
    .references(() => users.id),
  language: text({ enum: LANGUAGES }).notNull(),
  timezone: text().notNull(),
  theme: text({ enum: THEMES }).notNull(),
  dateFormat: text({ enum: DATE_FORMATS }).notNull(),
  timeFormat: text({ enum: TIME_FORMATS }).notNull(),
  showName: integer({ mode: 'boolean' }).notNull(),
  showRatings: integer({ mode: 'boolean' }).notNull(),
  isListedInSearch: integer({ mode: 'boolean' }).notNull(),
  updatedAt: integer().notNull(),
});

/** A request to be verified as a seller (C.10). Who it is lies here encrypted. */
export const kycVerifications = sqliteTable(
  'kyc_verifications',
  {
    id: text().primaryKey(),
    userId: owner(),
    status: text({ enum: KYC_STATUSES }).notNull(),
    sealedIdentity: text().notNull(),
    country: text().notNull(),
    reviewerId: text(),
    reason: text(),
    version: integer().notNull(),
    submittedAt: integer().notNull(),
    decidedAt: integer(),
  },
  (t) => [
    index('kyc_verifications_user').on(t.userId, t.submittedAt, t.id),
    index('kyc_verifications_queue').on(t.status, t.submittedAt, t.id),
    uniqueIndex('kyc_verifications_pending').on(t.userId).where(sql`status = 'pending'`),
  ],
);

/** A document of a verification; its bytes lie encrypted in the private part of the store. */
export const kycDocuments = sqliteTable(
  'kyc_documents',
  {
    id: text().primaryKey(),
    userId: owner(),
    /** Null until it is handed in. */
    verificationId: text().references(() => kycVerifications.id),
    kind: text({ enum: KYC_DOCUMENT_KINDS }).notNull(),
    contentType: text().notNull(),
    size: integer().notNull(),
    createdAt: integer().notNull(),
  },
  (t) => [
    index('kyc_documents_user').on(t.userId, t.verificationId, t.createdAt),
    index('kyc_documents_verification').on(t.verificationId),
    index('kyc_documents_loose').on(t.verificationId, t.createdAt),
  ],
);
