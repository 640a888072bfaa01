CREATE TABLE `card_setups` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`status` text NOT NULL,
	`processor_setup_id` text,
	`processor_method_id` text,
	`brand` text,
	`last4` text,
	`expiry_month` integer,
	`expiry_year` integer,
	`is_default` integer NOT NULL,
	`client_secret` text,
	`action_url` text,
	`failure_code` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `card_setups_processor` ON `card_setups` (`processor_setup_id`);--> statement-breakpoint
CREATE INDEX `card_setups_user` ON `card_setups` (`user_id`,`status`,`created_at`);--> statement-breakpoint
CREATE INDEX `card_setups_expiry` ON `card_setups` (`status`,`expires_at`);