CREATE TABLE `addresses` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`kind` text NOT NULL,
	`first_name` text NOT NULL,
	`last_name` text NOT NULL,
	`phone` text,
	`line1` text NOT NULL,
	`line2` text,
	`city` text NOT NULL,
	`region` text,
	`postal_code` text NOT NULL,
	`country` text NOT NULL,
	`is_default` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `addresses_user` ON `addresses` (`user_id`,`created_at`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `addresses_default` ON `addresses` (`user_id`,`kind`) WHERE is_default = 1;--> statement-breakpoint
CREATE TABLE `carrier_events` (
	`id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`body` text NOT NULL,
	`received_at` integer NOT NULL,
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `ledger_balances` (
	`account` text NOT NULL,
	`currency` text NOT NULL,
	`balance_cents` integer NOT NULL,
	PRIMARY KEY(`account`, `currency`)
);
--> statement-breakpoint
CREATE TABLE `ledger_entries` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`transaction_id` text NOT NULL,
	`account` text NOT NULL,
	`currency` text NOT NULL,
	`amount_cents` integer NOT NULL,
	CONSTRAINT "ledger_entries_amount" CHECK(typeof("ledger_entries"."amount_cents") = 'integer' and "ledger_entries"."amount_cents" <> 0),
	CONSTRAINT "ledger_entries_bound" CHECK(abs("ledger_entries"."amount_cents") <= 1000000000000),
	CONSTRAINT "ledger_entries_currency" CHECK(length("ledger_entries"."currency") = 3)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_entries_once` ON `ledger_entries` (`transaction_id`,`account`,`currency`);--> statement-breakpoint
CREATE INDEX `ledger_entries_account` ON `ledger_entries` (`account`,`seq`);--> statement-breakpoint
CREATE TABLE `ledger_transactions` (
	`id` text PRIMARY KEY NOT NULL,
	`reason` text NOT NULL,
	`cause` text NOT NULL,
	`order_id` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_transactions_cause` ON `ledger_transactions` (`reason`,`cause`);--> statement-breakpoint
CREATE INDEX `ledger_transactions_order` ON `ledger_transactions` (`order_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `order_counters` (
	`day` text PRIMARY KEY NOT NULL,
	`last` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `order_history` (
	`order_id` text NOT NULL,
	`version` integer NOT NULL,
	`from` text,
	`to` text NOT NULL,
	`action` text NOT NULL,
	`actor_type` text NOT NULL,
	`actor_id` text NOT NULL,
	`reason` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`order_id`, `version`),
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `order_lines` (
	`order_id` text NOT NULL,
	`line` integer NOT NULL,
	`size_id` text NOT NULL,
	`product_id` text NOT NULL,
	`product_name` text NOT NULL,
	`size_label` text NOT NULL,
	`price_cents` integer NOT NULL,
	`quantity` integer NOT NULL,
	`subtotal_cents` integer NOT NULL,
	`buyer_fee_cents` integer NOT NULL,
	`seller_fee_cents` integer NOT NULL,
	PRIMARY KEY(`order_id`, `line`),
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `order_timers` (
	`order_id` text NOT NULL,
	`kind` text NOT NULL,
	`due_at` integer,
	`paused_remaining_ms` integer,
	PRIMARY KEY(`order_id`, `kind`),
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "order_timers_runs_or_waits" CHECK(("order_timers"."due_at" is null) <> ("order_timers"."paused_remaining_ms" is null))
);
--> statement-breakpoint
CREATE INDEX `order_timers_due` ON `order_timers` (`due_at`);--> statement-breakpoint
CREATE TABLE `orders` (
	`id` text PRIMARY KEY NOT NULL,
	`number` text NOT NULL,
	`source` text NOT NULL,
	`source_id` text NOT NULL,
	`supply` text NOT NULL,
	`buyer_id` text NOT NULL,
	`seller_id` text,
	`match_id` text,
	`offer_id` text,
	`listing_id` text,
	`status` text NOT NULL,
	`payment_status` text NOT NULL,
	`version` integer NOT NULL,
	`verification` text NOT NULL,
	`requires_verification` integer NOT NULL,
	`resume_to` text,
	`currency` text NOT NULL,
	`subtotal_cents` integer NOT NULL,
	`buyer_fee_cents` integer NOT NULL,
	`seller_fee_cents` integer NOT NULL,
	`shipping_cents` integer NOT NULL,
	`total_cents` integer NOT NULL,
	`payout_cents` integer NOT NULL,
	`fee_schedule_id` text NOT NULL,
	`buyer_fee_bps` integer NOT NULL,
	`seller_fee_bps` integer NOT NULL,
	`refunded_cents` integer NOT NULL,
	`released_cents` integer NOT NULL,
	`payment_id` text,
	`paid_from` text,
	`chargeback_id` text,
	`chargeback_cents` integer,
	`ship_to` text,
	`carrier` text,
	`tracking_number` text,
	`ship_by_extended` integer NOT NULL,
	`paid_at` integer,
	`shipped_at` integer,
	`delivered_at` integer,
	`completed_at` integer,
	`correlation_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "orders_refunded" CHECK("orders"."refunded_cents" between 0 and "orders"."total_cents"),
	CONSTRAINT "orders_released" CHECK("orders"."released_cents" between 0 and "orders"."total_cents")
);
--> statement-breakpoint
CREATE UNIQUE INDEX `orders_source` ON `orders` (`source`,`source_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `orders_number` ON `orders` (`number`);--> statement-breakpoint
CREATE INDEX `orders_buyer` ON `orders` (`buyer_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `orders_seller` ON `orders` (`seller_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `orders_tracking` ON `orders` (`tracking_number`);--> statement-breakpoint
CREATE TABLE `outbox` (
	`event_id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	`due_at` integer NOT NULL,
	`sent_at` integer,
	`attempts` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `outbox_due` ON `outbox` (`due_at`);--> statement-breakpoint
CREATE TABLE `strikes` (
	`order_id` text NOT NULL,
	`kind` text NOT NULL,
	`user_id` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`order_id`, `kind`),
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `strikes_user` ON `strikes` (`user_id`,`at`);--> statement-breakpoint
ALTER TABLE `book_orders` ADD `priority_seq` integer;