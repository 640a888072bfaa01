DROP INDEX `fee_schedules_key`;--> statement-breakpoint
ALTER TABLE `fee_schedules` ADD `tier` text DEFAULT 'standard' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `fee_schedules_key` ON `fee_schedules` (`channel`,`tier`,`currency`,`valid_from`);--> statement-breakpoint
ALTER TABLE `users` ADD `seller_tier` text DEFAULT 'standard' NOT NULL;