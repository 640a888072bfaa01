CREATE TABLE `categories` (
	`id` text PRIMARY KEY NOT NULL,
	`parent_id` text,
	`slug` text NOT NULL,
	`name` text NOT NULL,
	`position` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `categories_slug` ON `categories` (`slug`);--> statement-breakpoint
CREATE INDEX `categories_parent` ON `categories` (`parent_id`,`position`);--> statement-breakpoint
CREATE TABLE `listing_history` (
	`listing_id` text NOT NULL,
	`version` integer NOT NULL,
	`from` text,
	`to` text NOT NULL,
	`action` text NOT NULL,
	`actor_type` text NOT NULL,
	`actor_id` text NOT NULL,
	`reason` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`listing_id`, `version`)
);
--> statement-breakpoint
CREATE TABLE `listing_photos` (
	`id` text PRIMARY KEY NOT NULL,
	`listing_id` text NOT NULL,
	`content_hash` text NOT NULL,
	`content_type` text NOT NULL,
	`width` integer NOT NULL,
	`height` integer NOT NULL,
	`alt` text NOT NULL,
	`position` integer NOT NULL,
	`is_primary` integer NOT NULL,
	`widths` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `listing_photos_listing` ON `listing_photos` (`listing_id`,`position`);--> statement-breakpoint
CREATE TABLE `listing_tags` (
	`tag` text NOT NULL,
	`row` integer NOT NULL,
	PRIMARY KEY(`tag`, `row`)
);
--> statement-breakpoint
CREATE INDEX `listing_tags_row` ON `listing_tags` (`row`);--> statement-breakpoint
CREATE TABLE `listing_views` (
	`day` text NOT NULL,
	`listing_id` text NOT NULL,
	`viewer_hash` text NOT NULL,
	PRIMARY KEY(`day`, `listing_id`, `viewer_hash`)
);
--> statement-breakpoint
CREATE TABLE `listings` (
	`row` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`seller_id` text NOT NULL,
	`title` text NOT NULL,
	`brand` text NOT NULL,
	`description` text NOT NULL,
	`tags` text NOT NULL,
	`price_cents` integer NOT NULL,
	`currency` text NOT NULL,
	`category_id` text NOT NULL,
	`condition` text NOT NULL,
	`channel` text NOT NULL,
	`is_negotiable` integer NOT NULL,
	`accepts_swaps` integer NOT NULL,
	`auto_accept_cents` integer,
	`auto_decline_cents` integer,
	`min_offer_pct` integer NOT NULL,
	`offer_feed` text NOT NULL,
	`lat` real,
	`lon` real,
	`public_lat` real,
	`public_lon` real,
	`lat_band` integer,
	`neighborhood` text,
	`city` text,
	`views` integer DEFAULT 0 NOT NULL,
	`status` text NOT NULL,
	`reserved_for` text,
	`listed_at` integer,
	`expires_at` integer,
	`sold_at` integer,
	`removed_from` text,
	`removed_reason` text,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`category_id`) REFERENCES `categories`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "listings_price_amount" CHECK("listings"."price_cents" >= 0),
	CONSTRAINT "listings_place" CHECK(("listings"."lat" is null) = ("listings"."lon" is null))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `listings_id` ON `listings` (`id`);--> statement-breakpoint
CREATE INDEX `listings_newest` ON `listings` (`status`,`listed_at`,`row`);--> statement-breakpoint
CREATE INDEX `listings_popular` ON `listings` (`status`,`views`,`row`);--> statement-breakpoint
CREATE INDEX `listings_price` ON `listings` (`status`,`price_cents`,`row`);--> statement-breakpoint
CREATE INDEX `listings_channel_newest` ON `listings` (`channel`,`status`,`listed_at`,`row`);--> statement-breakpoint
CREATE INDEX `listings_channel_popular` ON `listings` (`channel`,`status`,`views`,`row`);--> statement-breakpoint
CREATE INDEX `listings_category` ON `listings` (`category_id`,`status`,`listed_at`);--> statement-breakpoint
CREATE INDEX `listings_near` ON `listings` (`lat_band`,`public_lon`);--> statement-breakpoint
CREATE INDEX `listings_seller` ON `listings` (`seller_id`,`created_at`,`row`);--> statement-breakpoint
CREATE INDEX `listings_due` ON `listings` (`status`,`expires_at`);--> statement-breakpoint
CREATE INDEX `listings_holder` ON `listings` (`reserved_for`);