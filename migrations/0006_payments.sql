CREATE TABLE `breakers` (
	`name` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`version` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `customers` (
	`user_id` text PRIMARY KEY NOT NULL,
	`processor_customer_id` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `demo_idempotency` (
	`key` text PRIMARY KEY NOT NULL,
	`request_hash` text NOT NULL,
	`status` integer NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `demo_objects` (
	`id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`reference` text,
	`body` text NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`is_pending` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `demo_objects_reference` ON `demo_objects` (`type`,`reference`);--> statement-breakpoint
CREATE INDEX `demo_objects_created` ON `demo_objects` (`type`,`created_at`);--> statement-breakpoint
CREATE INDEX `demo_objects_pending` ON `demo_objects` (`is_pending`) WHERE "demo_objects"."is_pending" = 1;--> statement-breakpoint
CREATE TABLE `payment_attempts` (
	`payment_id` text NOT NULL,
	`n` integer NOT NULL,
	`key` text NOT NULL,
	`series` integer NOT NULL,
	`outcome` text NOT NULL,
	`code` text,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	PRIMARY KEY(`payment_id`, `n`),
	FOREIGN KEY (`payment_id`) REFERENCES `payments`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `payment_attempts_open` ON `payment_attempts` (`outcome`,`started_at`);--> statement-breakpoint
CREATE TABLE `payment_methods` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`processor_method_id` text NOT NULL,
	`brand` text NOT NULL,
	`last4` text NOT NULL,
	`expiry_month` integer NOT NULL,
	`expiry_year` integer NOT NULL,
	`is_default` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `payment_methods_processor` ON `payment_methods` (`processor_method_id`);--> statement-breakpoint
CREATE INDEX `payment_methods_user` ON `payment_methods` (`user_id`,`created_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `payment_methods_default` ON `payment_methods` (`user_id`) WHERE "payment_methods"."is_default" = 1;--> statement-breakpoint
CREATE TABLE `payments` (
	`id` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`order_id` text,
	`user_id` text NOT NULL,
	`amount_cents` integer NOT NULL,
	`currency` text NOT NULL,
	`source` text NOT NULL,
	`status` text NOT NULL,
	`payment_method_id` text,
	`processor_payment_id` text,
	`charge_id` text,
	`card_brand` text,
	`card_last4` text,
	`client_secret` text,
	`action_url` text,
	`failure_code` text,
	`is_retryable` integer NOT NULL,
	`refunded_cents` integer NOT NULL,
	`series` integer NOT NULL,
	`next_call_at` integer,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "payments_amount" CHECK("payments"."amount_cents" > 0),
	CONSTRAINT "payments_refunded" CHECK("payments"."refunded_cents" between 0 and "payments"."amount_cents")
);
--> statement-breakpoint
CREATE UNIQUE INDEX `payments_order` ON `payments` (`order_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `payments_processor` ON `payments` (`processor_payment_id`);--> statement-breakpoint
CREATE INDEX `payments_user` ON `payments` (`user_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `payments_due` ON `payments` (`next_call_at`);--> statement-breakpoint
CREATE TABLE `payouts` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`amount_cents` integer NOT NULL,
	`fee_cents` integer NOT NULL,
	`currency` text NOT NULL,
	`is_instant` integer NOT NULL,
	`status` text NOT NULL,
	`attempt` integer NOT NULL,
	`processor_payout_id` text,
	`failure_code` text,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "payouts_amount" CHECK("payouts"."amount_cents" > 0 and "payouts"."fee_cents" between 0 and "payouts"."amount_cents")
);
--> statement-breakpoint
CREATE UNIQUE INDEX `payouts_processor` ON `payouts` (`processor_payout_id`);--> statement-breakpoint
CREATE INDEX `payouts_user` ON `payouts` (`user_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `payouts_status` ON `payouts` (`status`,`updated_at`);--> statement-breakpoint
CREATE TABLE `refunds` (
	`id` text PRIMARY KEY NOT NULL,
	`payment_id` text NOT NULL,
	`order_id` text NOT NULL,
	`amount_cents` integer NOT NULL,
	`currency` text NOT NULL,
	`reason` text NOT NULL,
	`status` text NOT NULL,
	`processor_refund_id` text,
	`failure_code` text,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`payment_id`) REFERENCES `payments`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "refunds_amount" CHECK("refunds"."amount_cents" > 0)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `refunds_processor` ON `refunds` (`processor_refund_id`);--> statement-breakpoint
CREATE INDEX `refunds_payment` ON `refunds` (`payment_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `refunds_status` ON `refunds` (`status`,`updated_at`);--> statement-breakpoint
CREATE TABLE `seller_accounts` (
	`user_id` text PRIMARY KEY NOT NULL,
	`processor_account_id` text NOT NULL,
	`can_be_paid_out` integer NOT NULL,
	`payout_schedule` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `seller_accounts_processor` ON `seller_accounts` (`processor_account_id`);--> statement-breakpoint
CREATE TABLE `transfers` (
	`order_id` text PRIMARY KEY NOT NULL,
	`seller_id` text NOT NULL,
	`amount_cents` integer NOT NULL,
	`currency` text NOT NULL,
	`status` text NOT NULL,
	`processor_transfer_id` text,
	`reversed_cents` integer NOT NULL,
	`failure_code` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "transfers_reversed" CHECK("transfers"."reversed_cents" between 0 and "transfers"."amount_cents")
);
--> statement-breakpoint
CREATE UNIQUE INDEX `transfers_processor` ON `transfers` (`processor_transfer_id`);--> statement-breakpoint
CREATE INDEX `transfers_seller` ON `transfers` (`seller_id`,`status`);--> statement-breakpoint
CREATE INDEX `transfers_status` ON `transfers` (`status`,`updated_at`);--> statement-breakpoint
CREATE TABLE `webhook_inbox` (
	`event_id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`subject` text NOT NULL,
	`received_at` integer NOT NULL,
	`processed_at` integer,
	`attempts` integer NOT NULL,
	`last_error` text
);
--> statement-breakpoint
CREATE INDEX `webhook_inbox_open` ON `webhook_inbox` (`processed_at`,`received_at`);