-- Custom SQL migration file, put your code below! --
-- Full-text search in one's own conversations (C.7). The index keeps no copy of the text: it points at the projected
-- messages by "row", and the triggers keep it in step. It can be made anew with the 'rebuild' command.
CREATE VIRTUAL TABLE message_search USING fts5(
  content,
  content = 'conversation_messages', content_rowid = 'row',
  tokenize = 'unicode61 remove_diacritics 2'
);
--> statement-breakpoint
CREATE TRIGGER message_search_insert AFTER INSERT ON conversation_messages BEGIN
  INSERT INTO message_search (rowid, content) VALUES (new.row, new.content);
END;
--> statement-breakpoint
CREATE TRIGGER message_search_delete AFTER DELETE ON conversation_messages BEGIN
  INSERT INTO message_search (message_search, rowid, content) VALUES ('delete', old.row, old.content);
END;
--> statement-breakpoint
CREATE TRIGGER message_search_update AFTER UPDATE OF content ON conversation_messages BEGIN
  INSERT INTO message_search (message_search, rowid, content) VALUES ('delete', old.row, old.content);
  INSERT INTO message_search (rowid, content) VALUES (new.row, new.content);
END;
