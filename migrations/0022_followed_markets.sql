CREATE TABLE `followed_markets` (
	`feed` text PRIMARY KEY NOT NULL,
	`asked_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `user_presence` ADD `online_since` integer;