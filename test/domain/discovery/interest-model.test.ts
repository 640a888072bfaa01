import { describe, expect, it } from 'vitest';
import { InterestModel, itemEvidence, rank } from '../../../src/domain/discovery/interest-model.ts';

describe('the interest model', () => {
  it('shows somebody unknown what is popular lately, not what once was', () => {
    const model = new InterestModel();
    for (let time = 0; time < 100; time += 1) model.observe('old', [], 0);
    for (let time = 0; time < 10; time += 1) model.observe('new', [], 30);
    expect(model.recommend([], 30, 2).map(({ item, because }) => [item, because])).toEqual([
      ['new', null],
      ['old', null],
    ]);
  });

  it('lifts what goes together with what is known, and says with what', () => {
    const model = new InterestModel();
    for (let time = 0; time < 500; time += 1) {
      model.observe('large', ['size:14'], 1);
      model.observe('small', ['size:5'], 1);
      model.observe('small', ['size:5'], 1);
    }
    expect(model.recommend(['size:14'], 1, 1)).toMatchObject([{ item: 'large', because: 'size:14' }]);
    expect(model.recommend(['size:5'], 1, 1)).toMatchObject([{ item: 'small', because: 'size:5' }]);
    expect(model.lift('small', 'size:14', 1)).toBeLessThan(1);
  });

  it('knows no lift of what it never saw', () => {
    const model = new InterestModel();
    model.observe('known', ['size:9'], 1);
    expect(model.lift('known', 'size:never', 1)).toBe(1);
    expect(model.lift('never', 'size:9', 1)).toBe(1);
    expect(model.recommend([itemEvidence('never')], 1, 5)).toMatchObject([{ item: 'known', because: null }]);
  });

  it('draws a lift of few observations towards 1', () => {
    const model = new InterestModel();
    for (let time = 0; time < 1_000; time += 1) model.observe(`item${time % 10}`, ['region:all'], 1);
    model.observe('item3', ['region:new'], 1);
    expect(model.lift('item3', 'region:new', 1)).toBeLessThan(1.1);
  });

  it('ranks equal candidates by name', () => {
    const equal = ['b', 'a'].map((item) => ({ item, popularity: 1, lifts: [] }));
    expect(rank(equal, 2).map(({ item }) => item)).toEqual(['a', 'b']);
  });
});
