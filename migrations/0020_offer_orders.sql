ALTER TABLE `order_lines` ADD `listing_id` text;--> statement-breakpoint
ALTER TABLE `orders` ADD `swap_id` text;--> statement-breakpoint
CREATE INDEX `orders_offer` ON `orders` (`offer_id`);--> statement-breakpoint
CREATE INDEX `orders_swap` ON `orders` (`swap_id`);