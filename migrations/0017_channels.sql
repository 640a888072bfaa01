CREATE TABLE `user_presence` (
	`user_id` text PRIMARY KEY NOT NULL,
	`show_presence` integer DEFAULT true NOT NULL,
	`last_seen_at` integer,
	`updated_at` integer NOT NULL
);
