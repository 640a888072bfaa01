/** Tables of the house: roles and the audit log. */
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Role -> permission strings (GR-04). `permissions` is a JSON array. */
export const roles = sqliteTable('roles', {
  name: text().primaryKey(),
  description: text().notNull(),
  permissions: text().notNull(),
  isBuiltIn: integer({ mode: 'boolean' }).notNull(),
  version: integer().notNull().default(1),
  updatedAt: integer().notNull(),
});

/** Every privileged action with its before and after (GR-20); a trigger keeps it append-only. */
export const auditLog = sqliteTable(
  'audit_log',
  {
    id: text().primaryKey(),
    actorId: text().notNull(),
    action: text().notNull(),
    targetType: text().notNull(),
    targetId: text().notNull(),
    /** JSON, or null when there was nothing. */
    before: text(),
    after: text(),
    reason: text(),
    address: text(),
    requestId: text(),
    createdAt: integer().notNull(),
  },
  (t) => [
    index('audit_log_created').on(t.createdAt, t.id),
    index('audit_log_actor').on(t.actorId, t.createdAt),
    index('audit_log_target').on(t.targetType, t.targetId, t.createdAt),
    index('audit_log_action').on(t.action, t.createdAt),
  ],
);
