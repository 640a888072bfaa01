ALTER TABLE `reviews` ADD `published_at` integer;--> statement-breakpoint
CREATE INDEX `reviews_author` ON `reviews` (`author_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `reviews_subject_ratings` ON `reviews` (`subject_id`,`rating`,`visible_at`,`hidden_at`);--> statement-breakpoint
CREATE INDEX `reviews_product_ratings` ON `reviews` (`product_id`,`rating`,`visible_at`,`hidden_at`);--> statement-breakpoint
CREATE INDEX `reviews_unpublished` ON `reviews` (`visible_at`) WHERE published_at is null;