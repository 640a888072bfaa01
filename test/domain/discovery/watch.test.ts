import { describe, expect, it } from 'vitest';
import { favouriteNews } from '../../../src/domain/discovery/watch.ts';

const step = (to: string, priceCents = 100, previousPriceCents = 100) => ({
  to,
  priceCents,
  previousPriceCents,
});

describe('what somebody who likes a listing hears', () => {
  it.each([
    ['there', step('active', 90), 'favourite.price_drop', 'there'],
    ['there', step('active', 110), null, 'there'],
    ['there', step('active'), null, 'there'],
    ['there', step('reserved'), null, 'there'],
    ['there', step('sold'), 'favourite.sold', 'gone'],
    ['there', step('paused', 90), null, 'gone'],
    ['there', step('deleted'), null, 'gone'],
    ['there', step('expired'), null, 'gone'],
    ['gone', step('active', 90), 'favourite.back', 'there'],
    ['gone', step('sold'), null, 'gone'],
    ['gone', step('reserved'), null, 'gone'],
    ['gone', step('removed'), null, 'gone'],
  ] as const)('who was told %s, after %o: %s, and then knows %s', (told, change, news, after) =>
    expect(favouriteNews(told, change)).toEqual({ news, told: after }),
  );
});
