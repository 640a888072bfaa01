-- Custom SQL migration file, put your code below! --
INSERT INTO roles (name, description, permissions, is_built_in, version, updated_at) VALUES ('user', 'Buys and sells, and manages what is their own', '[]', 1, 1, 0);
--> statement-breakpoint
INSERT INTO roles (name, description, permissions, is_built_in, version, updated_at) VALUES ('verified_seller', 'A seller with a badge and higher limits', '[]', 1, 1, 0);
--> statement-breakpoint
INSERT INTO roles (name, description, permissions, is_built_in, version, updated_at) VALUES ('authenticator', 'Checks the goods in the verification queue', '["verification.review"]', 1, 1, 0);
--> statement-breakpoint
INSERT INTO roles (name, description, permissions, is_built_in, version, updated_at) VALUES ('moderator', 'Reviews reports, hides content, warns and suspends', '["reports.review","content.moderate","users.read","users.suspend"]', 1, 1, 0);
--> statement-breakpoint
INSERT INTO roles (name, description, permissions, is_built_in, version, updated_at) VALUES ('support', 'Helps with orders and disputes', '["orders.read","orders.manage","disputes.manage","users.read"]', 1, 1, 0);
--> statement-breakpoint
INSERT INTO roles (name, description, permissions, is_built_in, version, updated_at) VALUES ('finance', 'Refunds, payouts and the ledger', '["orders.read","finance.read","refunds.manage","payouts.manage","fees.manage","disputes.manage"]', 1, 1, 0);
--> statement-breakpoint
INSERT INTO roles (name, description, permissions, is_built_in, version, updated_at) VALUES ('admin', 'Everything except managing admins', '["catalog.manage","market.manage","users.read","users.manage","users.suspend","users.ban","roles.manage","verification.review","kyc.review","reports.review","content.moderate","orders.read","orders.manage","disputes.manage","finance.read","refunds.manage","payouts.manage","fees.manage","analytics.read","audit.read","dead_letters.manage","webhooks.read","flags.manage","notifications.manage","system.read"]', 1, 1, 0);
--> statement-breakpoint
INSERT INTO roles (name, description, permissions, is_built_in, version, updated_at) VALUES ('superadmin', 'Everything', '["catalog.manage","market.manage","users.read","users.manage","users.suspend","users.ban","admins.manage","roles.manage","verification.review","kyc.review","reports.review","content.moderate","orders.read","orders.manage","disputes.manage","finance.read","refunds.manage","payouts.manage","fees.manage","analytics.read","audit.read","dead_letters.manage","webhooks.read","flags.manage","notifications.manage","system.read"]', 1, 1, 0);
--> statement-breakpoint
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
--> statement-breakpoint
CREATE TRIGGER audit_log_is_kept BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END;
