import { describe, expect, it } from 'vitest';
import { createMarketMemo } from '../../src/platform/books/market-memo.ts';
import { createIsolateRateLimiter } from '../../src/platform/rate/isolate-rate-limiter.ts';

describe('the market memo', () => {
  const URL = 'https://bourse.test/api/v1/market/a/b';

  it('repeats an answer until its time is over', () => {
    const memo = createMarketMemo(50);
    memo.put('book', URL, { body: '{}', drops: memo.drops('book') }, 1_000);
    expect(memo.get(URL, 1_049)).toBe('{}');
    expect(memo.get(URL, 1_050)).toBeNull();
  });

  it('forgets a book that a command has changed, and no other', () => {
    const memo = createMarketMemo(50);
    memo.put('book', URL, { body: 'one', drops: 0 }, 0);
    memo.put('other', `${URL}2`, { body: 'two', drops: 0 }, 0);
    memo.drop('book');
    expect(memo.get(URL, 1)).toBeNull();
    expect(memo.get(`${URL}2`, 1)).toBe('two');
  });

  it('does not keep an answer that was on its way when the book changed', () => {
    const memo = createMarketMemo(50);
    const drops = memo.drops('book');
    memo.drop('book');
    memo.put('book', URL, { body: 'stale', drops }, 0);
    expect(memo.get(URL, 1)).toBeNull();
  });

  it('keeps nothing when it is switched off', () => {
    const memo = createMarketMemo(0);
    memo.put('book', URL, { body: '{}', drops: 0 }, 0);
    expect(memo.get(URL, 0)).toBeNull();
  });
});

describe('the rate limiter of an isolate', () => {
  it('lets the limit through in a minute and says how long the rest must wait', () => {
    const limiter = createIsolateRateLimiter();
    expect([1, 2, 3].map(() => limiter.check('ann', 2, 10_000))).toEqual([0, 0, 60]);
    expect(limiter.check('ann', 2, 40_000)).toBe(30);
    expect(limiter.check('ben', 2, 40_000)).toBe(0);
    expect(limiter.check('ann', 2, 70_000)).toBe(0);
  });

  it('counts what one request holds', () => {
    const limiter = createIsolateRateLimiter();
    expect(limiter.check('ann', 10, 0, 6)).toBe(0);
    expect(limiter.check('ann', 10, 0, 6)).toBe(60);
    expect(limiter.check('ben', 10, 0, 11)).toBe(60);
  });

  it('has no limit at 0', () => {
    expect(createIsolateRateLimiter().check('ann', 0, 0, 1_000)).toBe(0);
  });
});
