CREATE TABLE `discovery_jobs` (
	`name` text PRIMARY KEY NOT NULL,
	`generation` integer NOT NULL,
	`done_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `favourites` (
	`user_id` text NOT NULL,
	`listing_id` text NOT NULL,
	`told` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `listing_id`)
);
--> statement-breakpoint
CREATE INDEX `favourites_listing` ON `favourites` (`listing_id`,`user_id`);--> statement-breakpoint
CREATE INDEX `favourites_recent` ON `favourites` (`user_id`,`created_at`,`listing_id`);--> statement-breakpoint
CREATE TABLE `feed_items` (
	`user_id` text NOT NULL,
	`event_id` text NOT NULL,
	`kind` text NOT NULL,
	`actor_id` text NOT NULL,
	`target_id` text NOT NULL,
	`data` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `event_id`)
);
--> statement-breakpoint
CREATE INDEX `feed_items_recent` ON `feed_items` (`user_id`,`at`,`event_id`);--> statement-breakpoint
CREATE INDEX `feed_items_old` ON `feed_items` (`at`);--> statement-breakpoint
CREATE TABLE `follows` (
	`follower_id` text NOT NULL,
	`followee_id` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`follower_id`, `followee_id`)
);
--> statement-breakpoint
CREATE INDEX `follows_followers` ON `follows` (`followee_id`,`follower_id`);--> statement-breakpoint
CREATE INDEX `follows_followers_recent` ON `follows` (`followee_id`,`created_at`,`follower_id`);--> statement-breakpoint
CREATE INDEX `follows_following_recent` ON `follows` (`follower_id`,`created_at`,`followee_id`);--> statement-breakpoint
CREATE TABLE `interactions` (
	`viewer` text NOT NULL,
	`kind` text NOT NULL,
	`target` text NOT NULL,
	`hour` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`viewer`, `kind`, `target`, `hour`)
);
--> statement-breakpoint
CREATE INDEX `interactions_recent` ON `interactions` (`at`);--> statement-breakpoint
CREATE INDEX `interactions_viewer` ON `interactions` (`viewer`,`at`);--> statement-breakpoint
CREATE INDEX `interactions_target` ON `interactions` (`target`,`kind`,`hour`);--> statement-breakpoint
CREATE TABLE `interest_items` (
	`generation` integer NOT NULL,
	`item` text NOT NULL,
	`popularity` real NOT NULL,
	PRIMARY KEY(`generation`, `item`)
);
--> statement-breakpoint
CREATE INDEX `interest_items_popular` ON `interest_items` (`generation`,`popularity`);--> statement-breakpoint
CREATE TABLE `interest_lifts` (
	`generation` integer NOT NULL,
	`evidence` text NOT NULL,
	`item` text NOT NULL,
	`lift` real NOT NULL,
	PRIMARY KEY(`generation`, `evidence`, `item`)
);
--> statement-breakpoint
CREATE TABLE `rollups` (
	`grain` text NOT NULL,
	`starts_at` integer NOT NULL,
	`metric` text NOT NULL,
	`key` text NOT NULL,
	`value` real NOT NULL,
	PRIMARY KEY(`grain`, `starts_at`, `metric`, `key`)
);
--> statement-breakpoint
CREATE TABLE `saved_searches` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`name` text NOT NULL,
	`criteria` text NOT NULL,
	`next_check_at` integer,
	`seen_product_row` integer NOT NULL,
	`seen_listed_at` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `saved_searches_user` ON `saved_searches` (`user_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `saved_searches_due` ON `saved_searches` (`next_check_at`);--> statement-breakpoint
CREATE TABLE `search_counts` (
	`day` text NOT NULL,
	`query_key` text NOT NULL,
	`query` text NOT NULL,
	`searchers` integer NOT NULL,
	PRIMARY KEY(`day`, `query_key`)
);
--> statement-breakpoint
CREATE INDEX `search_counts_key` ON `search_counts` (`query_key`,`day`);--> statement-breakpoint
CREATE TABLE `search_history` (
	`user_id` text NOT NULL,
	`query_key` text NOT NULL,
	`query` text NOT NULL,
	`hits` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `query_key`)
);
--> statement-breakpoint
CREATE INDEX `search_history_recent` ON `search_history` (`user_id`,`at`,`query_key`);--> statement-breakpoint
CREATE TABLE `seller_days` (
	`seller_id` text NOT NULL,
	`starts_at` integer NOT NULL,
	`metric` text NOT NULL,
	`key` text NOT NULL,
	`value` real NOT NULL,
	PRIMARY KEY(`seller_id`, `starts_at`, `metric`, `key`)
);
--> statement-breakpoint
CREATE INDEX `seller_days_day` ON `seller_days` (`starts_at`);--> statement-breakpoint
CREATE TABLE `watchlist` (
	`user_id` text NOT NULL,
	`size_id` text NOT NULL,
	`product_id` text NOT NULL,
	`threshold_cents` integer,
	`armed` integer NOT NULL,
	`alerts` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `size_id`)
);
--> statement-breakpoint
CREATE INDEX `watchlist_recent` ON `watchlist` (`user_id`,`created_at`,`size_id`);--> statement-breakpoint
CREATE INDEX `watchlist_armed` ON `watchlist` (`size_id`,`threshold_cents`) WHERE armed = 1 and threshold_cents is not null;--> statement-breakpoint
CREATE INDEX `watchlist_disarmed` ON `watchlist` (`size_id`) WHERE armed = 0 and threshold_cents is not null;--> statement-breakpoint
CREATE INDEX `book_orders_resting` ON `book_orders` (`size_id`,`side`,`price_cents`) WHERE status = 'active';--> statement-breakpoint
CREATE INDEX `book_orders_closed` ON `book_orders` (`updated_at`) WHERE status <> 'active';--> statement-breakpoint
CREATE INDEX `matches_created` ON `matches` (`created_at`);--> statement-breakpoint
CREATE INDEX `products_hidden` ON `products` (`row`) WHERE hidden = 1;