-- Custom SQL migration file, put your code below! --
-- Full-text search over listings. The index holds no text of its own: it reads `listings` by its integer key, and the
-- triggers keep it in step. It can be made anew at any time with INSERT INTO listing_search (listing_search) VALUES ('rebuild').
CREATE VIRTUAL TABLE listing_search USING fts5(
  title, brand, tags, description,
  content = 'listings', content_rowid = 'row',
  prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);
--> statement-breakpoint
CREATE TRIGGER listing_search_insert AFTER INSERT ON listings BEGIN
  INSERT INTO listing_search (rowid, title, brand, tags, description)
  VALUES (new.row, new.title, new.brand, new.tags, new.description);
  INSERT INTO listing_tags (tag, row) SELECT DISTINCT value, new.row FROM json_each(new.tags);
END;
--> statement-breakpoint
CREATE TRIGGER listing_search_delete AFTER DELETE ON listings BEGIN
  INSERT INTO listing_search (listing_search, rowid, title, brand, tags, description)
  VALUES ('delete', old.row, old.title, old.brand, old.tags, old.description);
  DELETE FROM listing_tags WHERE row = old.row;
END;
--> statement-breakpoint
CREATE TRIGGER listing_search_update AFTER UPDATE OF title, brand, tags, description ON listings BEGIN
  INSERT INTO listing_search (listing_search, rowid, title, brand, tags, description)
  VALUES ('delete', old.row, old.title, old.brand, old.tags, old.description);
  INSERT INTO listing_search (rowid, title, brand, tags, description)
  VALUES (new.row, new.title, new.brand, new.tags, new.description);
  DELETE FROM listing_tags WHERE row = old.row;
  INSERT INTO listing_tags (tag, row) SELECT DISTINCT value, new.row FROM json_each(new.tags);
END;
--> statement-breakpoint
-- A viewer who was written down for the first time today counts; one who was there already is not inserted.
CREATE TRIGGER listing_views_count AFTER INSERT ON listing_views BEGIN
  UPDATE listings SET views = views + 1 WHERE id = new.listing_id;
END;
--> statement-breakpoint
CREATE TRIGGER listing_history_stays BEFORE UPDATE ON listing_history
BEGIN SELECT RAISE(ABORT, 'listing_history is append-only'); END;
--> statement-breakpoint
CREATE TRIGGER listing_history_is_kept BEFORE DELETE ON listing_history
BEGIN SELECT RAISE(ABORT, 'listing_history is append-only'); END;
