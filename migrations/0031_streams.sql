CREATE TABLE `stream_tags` (
	`stream_id` text NOT NULL,
	`type` text NOT NULL,
	`ref_id` text NOT NULL,
	`title` text NOT NULL,
	`position` integer NOT NULL,
	PRIMARY KEY(`stream_id`, `type`, `ref_id`),
	FOREIGN KEY (`stream_id`) REFERENCES `streams`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `stream_tags_ref` ON `stream_tags` (`type`,`ref_id`);--> statement-breakpoint
CREATE TABLE `streams` (
	`id` text PRIMARY KEY NOT NULL,
	`host_id` text NOT NULL,
	`title` text NOT NULL,
	`description` text NOT NULL,
	`audience` text NOT NULL,
	`planned_minutes` integer NOT NULL,
	`status` text NOT NULL,
	`ingest` text NOT NULL,
	`playback_url` text,
	`ingest_url` text,
	`lat` real,
	`lon` real,
	`starts_at` integer,
	`started_at` integer,
	`ends_at` integer,
	`ended_at` integer,
	`end_reason` text,
	`peak_viewers` integer DEFAULT 0 NOT NULL,
	`unique_viewers` integer DEFAULT 0 NOT NULL,
	`watch_seconds` integer DEFAULT 0 NOT NULL,
	`reactions` text DEFAULT '{}' NOT NULL,
	`room_closed_at` integer,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `streams_newest` ON `streams` (`status`,`audience`,`started_at`,`id`);--> statement-breakpoint
CREATE INDEX `streams_due` ON `streams` (`status`,`ends_at`);--> statement-breakpoint
CREATE INDEX `streams_host` ON `streams` (`host_id`,`created_at`,`id`);