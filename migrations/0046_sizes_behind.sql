DROP INDEX `sizes_unsynced`;--> statement-breakpoint
CREATE INDEX `sizes_behind` ON `sizes` (`updated_at`) WHERE config_synced < config_version;