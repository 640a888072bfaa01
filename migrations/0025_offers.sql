CREATE TABLE `offer_history` (
	`offer_id` text NOT NULL,
	`version` integer NOT NULL,
	`from` text,
	`to` text NOT NULL,
	`action` text NOT NULL,
	`actor_type` text NOT NULL,
	`actor_id` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`offer_id`, `version`)
);
--> statement-breakpoint
CREATE TABLE `offer_listings` (
	`offer_id` text NOT NULL,
	`listing_id` text NOT NULL,
	`is_given` integer NOT NULL,
	PRIMARY KEY(`offer_id`, `listing_id`)
);
--> statement-breakpoint
CREATE INDEX `offer_listings_listing` ON `offer_listings` (`listing_id`,`offer_id`);--> statement-breakpoint
CREATE TABLE `offer_moves` (
	`id` text PRIMARY KEY NOT NULL,
	`offer_id` text NOT NULL,
	`round` integer NOT NULL,
	`parent_id` text,
	`by` text NOT NULL,
	`actor_id` text NOT NULL,
	`amount_cents` integer NOT NULL,
	`message` text,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `offer_moves_round` ON `offer_moves` (`offer_id`,`round`);--> statement-breakpoint
CREATE TABLE `offers` (
	`id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`listing_id` text NOT NULL,
	`listing_title` text NOT NULL,
	`list_price_cents` integer NOT NULL,
	`currency` text NOT NULL,
	`buyer_id` text NOT NULL,
	`seller_id` text NOT NULL,
	`ordinal` integer NOT NULL,
	`conversation_id` text NOT NULL,
	`swap_listing_ids` text NOT NULL,
	`status` text NOT NULL,
	`version` integer NOT NULL,
	`awaiting` text,
	`round` integer NOT NULL,
	`amount_cents` integer NOT NULL,
	`buyer_cents` integer NOT NULL,
	`seller_cents` integer NOT NULL,
	`expires_at` integer,
	`frozen_remaining_ms` integer,
	`is_auto` integer NOT NULL,
	`move_id` text NOT NULL,
	`parent_move_id` text,
	`message` text,
	`order_id` text,
	`return_order_id` text,
	`swap_id` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `offers_open` ON `offers` (`listing_id`,`buyer_id`) WHERE status in ('pending', 'countered');--> statement-breakpoint
CREATE UNIQUE INDEX `offers_ordinal` ON `offers` (`listing_id`,`buyer_id`,`ordinal`);--> statement-breakpoint
CREATE INDEX `offers_listing` ON `offers` (`listing_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `offers_listing_status` ON `offers` (`listing_id`,`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `offers_buyer` ON `offers` (`buyer_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `offers_buyer_status` ON `offers` (`buyer_id`,`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `offers_seller` ON `offers` (`seller_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `offers_seller_status` ON `offers` (`seller_id`,`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `offers_due` ON `offers` (`status`,`expires_at`);--> statement-breakpoint
CREATE INDEX `offers_dead` ON `offers` (`status`,`updated_at`);--> statement-breakpoint
CREATE INDEX `offers_conversation` ON `offers` (`conversation_id`,`created_at`);