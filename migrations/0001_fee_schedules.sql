-- The rates of product model C.5, in force from the beginning of time. A later row with a later valid_from replaces one.
INSERT INTO fee_schedules (id, channel, currency, buyer_bps, seller_bps, minimum_cents, valid_from)
SELECT 'fee_' || channel || '_' || lower(currency), channel, currency, buyer_bps, seller_bps, 0, 0
FROM (
  SELECT 'match' AS channel, 500 AS buyer_bps, 400 AS seller_bps
  UNION ALL SELECT 'community', 0, 500
  UNION ALL SELECT 'discover', 0, 1500
  UNION ALL SELECT 'checkout', 0, 0
) AS rates
CROSS JOIN (SELECT 'USD' AS currency UNION ALL SELECT 'EUR' UNION ALL SELECT 'GBP' UNION ALL SELECT 'AED') AS currencies;
