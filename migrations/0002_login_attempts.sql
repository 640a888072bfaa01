CREATE TABLE `login_attempts` (
	`account_hash` text NOT NULL,
	`address` text NOT NULL,
	`attempts` integer NOT NULL,
	`window_started_at` integer NOT NULL,
	PRIMARY KEY(`account_hash`, `address`)
);
--> statement-breakpoint
CREATE INDEX `login_attempts_window` ON `login_attempts` (`window_started_at`);