CREATE INDEX `listings_created` ON `listings` (`created_at`,`row`);--> statement-breakpoint
CREATE INDEX `listings_status_created` ON `listings` (`status`,`created_at`,`row`);--> statement-breakpoint
CREATE INDEX `listings_channel_created` ON `listings` (`channel`,`created_at`,`row`);--> statement-breakpoint
CREATE INDEX `sizes_book_status` ON `sizes` (`book_status`,`id`);