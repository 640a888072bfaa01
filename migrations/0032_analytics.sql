CREATE TABLE `active_days` (
	`day` text NOT NULL,
	`user_id` text NOT NULL,
	PRIMARY KEY(`day`, `user_id`)
);
--> statement-breakpoint
CREATE INDEX `conversation_messages_sent` ON `conversation_messages` (`created_at`);--> statement-breakpoint
CREATE INDEX `offer_history_at` ON `offer_history` (`at`);--> statement-breakpoint
CREATE INDEX `orders_paid` ON `orders` (`paid_at`) WHERE paid_at is not null;--> statement-breakpoint
CREATE INDEX `orders_completed` ON `orders` (`completed_at`) WHERE completed_at is not null;--> statement-breakpoint
CREATE INDEX `book_orders_placed` ON `book_orders` (`created_at`);--> statement-breakpoint
CREATE INDEX `sessions_used` ON `sessions` (`last_used_at`);--> statement-breakpoint
CREATE INDEX `disputes_opened` ON `disputes` (`opened_at`);