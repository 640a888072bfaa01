-- Full-text search over the catalogue (SN-11). The index keeps no copy of the text: it points at products by "row", and
-- the triggers keep it in step. It can be made anew at any time with the 'rebuild' at the end.
CREATE VIRTUAL TABLE product_search USING fts5(
  name, model, brand, sku, colorway,
  content = 'products', content_rowid = 'row',
  prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);
--> statement-breakpoint
CREATE TRIGGER product_search_insert AFTER INSERT ON products BEGIN
  INSERT INTO product_search (rowid, name, model, brand, sku, colorway)
  VALUES (new.row, new.name, new.model, new.brand, new.sku, new.colorway);
END;
--> statement-breakpoint
CREATE TRIGGER product_search_delete AFTER DELETE ON products BEGIN
  INSERT INTO product_search (product_search, rowid, name, model, brand, sku, colorway)
  VALUES ('delete', old.row, old.name, old.model, old.brand, old.sku, old.colorway);
END;
--> statement-breakpoint
CREATE TRIGGER product_search_update AFTER UPDATE OF name, model, brand, sku, colorway ON products BEGIN
  INSERT INTO product_search (product_search, rowid, name, model, brand, sku, colorway)
  VALUES ('delete', old.row, old.name, old.model, old.brand, old.sku, old.colorway);
  INSERT INTO product_search (rowid, name, model, brand, sku, colorway)
  VALUES (new.row, new.name, new.model, new.brand, new.sku, new.colorway);
END;
--> statement-breakpoint
-- The order of the catalogue by name; schema.ts cannot state a collation.
CREATE INDEX products_name ON products (name COLLATE NOCASE, id);
--> statement-breakpoint
INSERT INTO product_search (product_search) VALUES ('rebuild');
