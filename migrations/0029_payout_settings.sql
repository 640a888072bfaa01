CREATE TABLE `pending_proceeds` (
	`order_id` text PRIMARY KEY NOT NULL,
	`seller_id` text NOT NULL,
	`currency` text NOT NULL,
	`amount_cents` integer NOT NULL,
	`due_at` integer NOT NULL,
	CONSTRAINT "pending_proceeds_amount" CHECK("pending_proceeds"."amount_cents" > 0)
);
--> statement-breakpoint
CREATE INDEX `pending_proceeds_due` ON `pending_proceeds` (`due_at`);--> statement-breakpoint
CREATE INDEX `pending_proceeds_seller` ON `pending_proceeds` (`seller_id`,`due_at`);--> statement-breakpoint
ALTER TABLE `payouts` ADD `funding_cents` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `payouts` ADD `retry_at` integer;--> statement-breakpoint
CREATE INDEX `payouts_newest` ON `payouts` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `payouts_status_newest` ON `payouts` (`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `payouts_retry` ON `payouts` (`retry_at`);--> statement-breakpoint
ALTER TABLE `refunds` ADD `attempt` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE INDEX `refunds_newest` ON `refunds` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `refunds_status_newest` ON `refunds` (`status`,`created_at`,`id`);--> statement-breakpoint
ALTER TABLE `seller_accounts` ADD `minimum_payout_cents` integer DEFAULT 5000 NOT NULL;--> statement-breakpoint
ALTER TABLE `seller_accounts` ADD `is_instant` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `seller_accounts` ADD `next_payout_at` integer;--> statement-breakpoint
CREATE INDEX `seller_accounts_due` ON `seller_accounts` (`next_payout_at`);--> statement-breakpoint
ALTER TABLE `transfers` ADD `attempt` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE INDEX `transfers_newest` ON `transfers` (`created_at`,`order_id`);--> statement-breakpoint
CREATE INDEX `transfers_status_newest` ON `transfers` (`status`,`created_at`,`order_id`);