CREATE TABLE `book_orders` (
	`id` text PRIMARY KEY NOT NULL,
	`size_id` text NOT NULL,
	`product_id` text NOT NULL,
	`seq` integer NOT NULL,
	`side` text NOT NULL,
	`user_id` text NOT NULL,
	`client_id` text,
	`price_cents` integer NOT NULL,
	`quantity` integer NOT NULL,
	`filled` integer NOT NULL,
	`time_in_force` text NOT NULL,
	`post_only` integer NOT NULL,
	`status` text NOT NULL,
	`close_reason` text,
	`expires_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `book_orders_mine` ON `book_orders` (`user_id`,`side`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `dead_letters` (
	`id` text PRIMARY KEY NOT NULL,
	`queue` text NOT NULL,
	`body` text NOT NULL,
	`reason` text NOT NULL,
	`attempts` integer NOT NULL,
	`created_at` integer NOT NULL,
	`replayed_at` integer
);
--> statement-breakpoint
CREATE TABLE `fee_schedules` (
	`id` text PRIMARY KEY NOT NULL,
	`channel` text NOT NULL,
	`currency` text NOT NULL,
	`buyer_bps` integer NOT NULL,
	`seller_bps` integer NOT NULL,
	`minimum_cents` integer NOT NULL,
	`valid_from` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `fee_schedules_key` ON `fee_schedules` (`channel`,`currency`,`valid_from`);--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`user_id` text NOT NULL,
	`key` text NOT NULL,
	`route` text NOT NULL,
	`body_hash` text NOT NULL,
	`status` integer,
	`body` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `key`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_created` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `inventory_transactions` (
	`id` text PRIMARY KEY NOT NULL,
	`size_id` text NOT NULL,
	`kind` text NOT NULL,
	`quantity` integer NOT NULL,
	`quantity_before` integer NOT NULL,
	`quantity_after` integer NOT NULL,
	`reserved_before` integer NOT NULL,
	`reserved_after` integer NOT NULL,
	`reference` text,
	`reason` text NOT NULL,
	`actor_id` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`size_id`) REFERENCES `sizes`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `inventory_size` ON `inventory_transactions` (`size_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `matches` (
	`id` text PRIMARY KEY NOT NULL,
	`size_id` text NOT NULL,
	`product_id` text NOT NULL,
	`bid_id` text NOT NULL,
	`ask_id` text NOT NULL,
	`buyer_id` text NOT NULL,
	`seller_id` text NOT NULL,
	`price_cents` integer NOT NULL,
	`quantity` integer NOT NULL,
	`currency` text NOT NULL,
	`taker_side` text NOT NULL,
	`fee_schedule_id` text NOT NULL,
	`buyer_fee_bps` integer NOT NULL,
	`seller_fee_bps` integer NOT NULL,
	`buyer_fee_cents` integer NOT NULL,
	`seller_fee_cents` integer NOT NULL,
	`buyer_total_cents` integer NOT NULL,
	`seller_payout_cents` integer NOT NULL,
	`status` text NOT NULL,
	`created_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `matches_buyer` ON `matches` (`buyer_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `matches_seller` ON `matches` (`seller_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `product_images` (
	`id` text PRIMARY KEY NOT NULL,
	`product_id` text NOT NULL,
	`content_hash` text NOT NULL,
	`content_type` text NOT NULL,
	`width` integer NOT NULL,
	`height` integer NOT NULL,
	`alt` text NOT NULL,
	`position` integer NOT NULL,
	`is_primary` integer NOT NULL,
	`widths` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`product_id`) REFERENCES `products`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `product_images_product` ON `product_images` (`product_id`,`position`);--> statement-breakpoint
CREATE TABLE `products` (
	`row` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`sku` text NOT NULL,
	`sku_key` text NOT NULL,
	`name` text NOT NULL,
	`brand` text NOT NULL,
	`brand_key` text NOT NULL,
	`model` text NOT NULL,
	`colorway` text NOT NULL,
	`category` text NOT NULL,
	`category_key` text NOT NULL,
	`description` text NOT NULL,
	`release_date` text,
	`retail_price_cents` integer NOT NULL,
	`currency` text NOT NULL,
	`featured` integer NOT NULL,
	`hidden` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `products_id` ON `products` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `products_sku_key` ON `products` (`sku_key`);--> statement-breakpoint
CREATE INDEX `products_brand` ON `products` (`brand_key`,`created_at`);--> statement-breakpoint
CREATE INDEX `products_category` ON `products` (`category_key`,`created_at`);--> statement-breakpoint
CREATE INDEX `products_created` ON `products` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `products_price` ON `products` (`retail_price_cents`,`id`);--> statement-breakpoint
CREATE INDEX `products_release` ON `products` (`release_date`,`id`);--> statement-breakpoint
CREATE TABLE `refresh_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer,
	FOREIGN KEY (`session_id`) REFERENCES `sessions`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `refresh_tokens_session` ON `refresh_tokens` (`session_id`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`user_agent` text NOT NULL,
	`address` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer,
	`revoke_reason` text,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `sessions_user` ON `sessions` (`user_id`);--> statement-breakpoint
CREATE INDEX `sessions_revoked` ON `sessions` (`revoked_at`);--> statement-breakpoint
CREATE TABLE `sizes` (
	`id` text PRIMARY KEY NOT NULL,
	`product_id` text NOT NULL,
	`label` text NOT NULL,
	`label_key` text NOT NULL,
	`sort_order` integer NOT NULL,
	`quantity` integer NOT NULL,
	`reserved` integer NOT NULL,
	`tick_cents` integer NOT NULL,
	`book_status` text NOT NULL,
	`price_rule` text NOT NULL,
	`self_trade` text NOT NULL,
	`collar_factor` integer,
	`config_version` integer NOT NULL,
	`config_synced` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`product_id`) REFERENCES `products`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sizes_product_label` ON `sizes` (`product_id`,`label_key`);--> statement-breakpoint
CREATE INDEX `sizes_product_order` ON `sizes` (`product_id`,`sort_order`);--> statement-breakpoint
CREATE INDEX `sizes_unsynced` ON `sizes` (`config_synced`,`config_version`);--> statement-breakpoint
CREATE TABLE `socket_tickets` (
	`hash` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`session_id` text NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer
);
--> statement-breakpoint
CREATE TABLE `trades` (
	`id` text NOT NULL,
	`size_id` text NOT NULL,
	`price_cents` integer NOT NULL,
	`quantity` integer NOT NULL,
	`at` integer NOT NULL,
	`source` text NOT NULL,
	PRIMARY KEY(`size_id`, `at`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`email_key` text NOT NULL,
	`username` text NOT NULL,
	`username_key` text NOT NULL,
	`display_name` text NOT NULL,
	`password_hash` text NOT NULL,
	`role` text NOT NULL,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email_key`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_username_key` ON `users` (`username_key`);