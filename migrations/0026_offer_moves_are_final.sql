-- Custom SQL migration file, put your code below! --
-- A move is what somebody said: it is never said otherwise.
CREATE TRIGGER offer_moves_final BEFORE UPDATE ON offer_moves BEGIN
  SELECT raise(ABORT, 'offer_moves_final');
END;
