-- Custom SQL migration file, put your code below! --
-- The words that the full-text indexes know, for corrections of what was mistyped. They are views of the indexes and
-- hold nothing themselves.
CREATE VIRTUAL TABLE product_terms USING fts5vocab('product_search', 'row');
--> statement-breakpoint
CREATE VIRTUAL TABLE listing_terms USING fts5vocab('listing_search', 'row');
