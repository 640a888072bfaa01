CREATE TABLE `dispute_entries` (
	`id` text PRIMARY KEY NOT NULL,
	`dispute_id` text NOT NULL,
	`author_id` text NOT NULL,
	`author_role` text NOT NULL,
	`body` text NOT NULL,
	`pictures` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`dispute_id`) REFERENCES `disputes`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `dispute_entries_thread` ON `dispute_entries` (`dispute_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `disputes` (
	`id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`order_number` text NOT NULL,
	`buyer_id` text NOT NULL,
	`seller_id` text,
	`opened_by` text NOT NULL,
	`reason` text NOT NULL,
	`status` text NOT NULL,
	`is_open` integer NOT NULL,
	`amount_cents` integer NOT NULL,
	`currency` text NOT NULL,
	`queued_from` integer NOT NULL,
	`assignee_id` text,
	`answer_by` integer,
	`outcome` text,
	`refund_cents` integer,
	`note` text,
	`opened_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`resolved_at` integer,
	`closed_at` integer,
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `disputes_order` ON `disputes` (`order_id`);--> statement-breakpoint
CREATE INDEX `disputes_queue` ON `disputes` (`is_open`,`queued_from`,`id`);--> statement-breakpoint
CREATE INDEX `disputes_status` ON `disputes` (`status`,`queued_from`,`id`);--> statement-breakpoint
CREATE INDEX `disputes_assignee` ON `disputes` (`assignee_id`,`is_open`,`queued_from`);--> statement-breakpoint
CREATE INDEX `disputes_buyer` ON `disputes` (`buyer_id`,`opened_at`,`id`);--> statement-breakpoint
CREATE INDEX `disputes_seller` ON `disputes` (`seller_id`,`opened_at`,`id`);--> statement-breakpoint
CREATE TABLE `feature_flags` (
	`name` text PRIMARY KEY NOT NULL,
	`is_on` integer NOT NULL,
	`version` integer NOT NULL,
	`updated_by` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `moderation_actions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`kind` text NOT NULL,
	`severity` integer NOT NULL,
	`reason` text NOT NULL,
	`actor_id` text NOT NULL,
	`report_id` text,
	`expires_at` integer,
	`lifted_at` integer,
	`lifted_by` text,
	`created_at` integer NOT NULL,
	CONSTRAINT "moderation_severity" CHECK("moderation_actions"."severity" between 1 and 5)
);
--> statement-breakpoint
CREATE INDEX `moderation_user` ON `moderation_actions` (`user_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `moderation_created` ON `moderation_actions` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `moderation_kind` ON `moderation_actions` (`kind`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `reports` (
	`id` text PRIMARY KEY NOT NULL,
	`reporter_id` text NOT NULL,
	`target_type` text NOT NULL,
	`target_id` text NOT NULL,
	`owner_id` text NOT NULL,
	`conversation_id` text,
	`reason` text NOT NULL,
	`details` text NOT NULL,
	`status` text NOT NULL,
	`assignee_id` text,
	`outcome` text,
	`note` text,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`decided_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `reports_once` ON `reports` (`reporter_id`,`target_type`,`target_id`);--> statement-breakpoint
CREATE INDEX `reports_created` ON `reports` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `reports_status` ON `reports` (`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `reports_target` ON `reports` (`target_type`,`target_id`,`status`);--> statement-breakpoint
CREATE INDEX `reports_reporter` ON `reports` (`reporter_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `review_votes` (
	`review_id` text NOT NULL,
	`user_id` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`review_id`, `user_id`),
	FOREIGN KEY (`review_id`) REFERENCES `reviews`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `reviews` (
	`id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`author_id` text NOT NULL,
	`author_role` text NOT NULL,
	`subject_id` text,
	`product_id` text,
	`rating` integer NOT NULL,
	`comment` text NOT NULL,
	`visible_at` integer NOT NULL,
	`reply` text,
	`replied_at` integer,
	`hidden_at` integer,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "reviews_rating" CHECK("reviews"."rating" between 1 and 5)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `reviews_once` ON `reviews` (`order_id`,`author_id`);--> statement-breakpoint
CREATE INDEX `reviews_subject` ON `reviews` (`subject_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `reviews_product` ON `reviews` (`product_id`,`created_at`,`id`);--> statement-breakpoint
ALTER TABLE `users` ADD `suspended_until` integer;--> statement-breakpoint
CREATE INDEX `users_suspended` ON `users` (`status`,`suspended_until`);--> statement-breakpoint
CREATE INDEX `users_created` ON `users` (`created_at`,`id`);