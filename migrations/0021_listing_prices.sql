CREATE TABLE `listing_price_changes` (
	`listing_id` text NOT NULL,
	`version` integer NOT NULL,
	`from_cents` integer NOT NULL,
	`to_cents` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`listing_id`, `version`)
);
--> statement-breakpoint
ALTER TABLE `users` ADD `can_buy` integer DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `can_sell` integer DEFAULT true NOT NULL;--> statement-breakpoint
CREATE INDEX `listings_around` ON `listings` (`status`,`lat_band`,`public_lon`);--> statement-breakpoint
CREATE INDEX `listings_seller_status` ON `listings` (`seller_id`,`status`,`listed_at`,`row`);