ALTER TABLE `offers` ADD `client_key` text;--> statement-breakpoint
CREATE UNIQUE INDEX `offers_client` ON `offers` (`client_key`) WHERE client_key is not null;