CREATE TABLE `integrity_runs` (
	`scope` text PRIMARY KEY NOT NULL,
	`verdict` text NOT NULL,
	`results` text NOT NULL,
	`ledger_through` integer NOT NULL,
	`matches_through` text NOT NULL,
	`sizes_through` text NOT NULL,
	`payments_through` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `payout_freezes` (
	`name` text PRIMARY KEY NOT NULL,
	`is_frozen` integer NOT NULL,
	`reason` text NOT NULL,
	`actor_id` text NOT NULL,
	`mismatches` text NOT NULL,
	`acknowledged` text NOT NULL,
	`version` integer NOT NULL,
	`changed_at` integer NOT NULL
);
