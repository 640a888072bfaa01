CREATE TABLE `verification_history` (
	`order_id` text NOT NULL,
	`n` integer NOT NULL,
	`from` text NOT NULL,
	`to` text NOT NULL,
	`action` text NOT NULL,
	`actor_type` text NOT NULL,
	`actor_id` text NOT NULL,
	`reason` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`order_id`, `n`),
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `products` ADD `requires_verification` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `orders_to_verify` ON `orders` (`shipped_at`,`id`) WHERE verification in ('awaiting_item', 'in_review', 'second_review', 'appealed');