import { describe, expect, it } from 'vitest';
import { INVENTORY_KINDS, shortfallOf, stockChange } from '../../src/domain/catalog/inventory.ts';
import { searchExpression } from '../../src/domain/catalog/search-expression.ts';
import {
  addImage,
  EMPTY_GALLERY,
  type Gallery,
  makePrimary,
  moveImage,
  removeImage,
} from '../../src/domain/media/gallery.ts';
import { defaultWidth } from '../../src/domain/media/image-file.ts';

describe('searchExpression', () => {
  it.each([
    ['air jordan', '"air" "jordan" *'],
    ['  555088-001 ', '"555088" "001" *'],
    ['a"b* OR (c:d)', '"a" "b" "OR" "c" "d" *'],
    ["women's", '"women" "s" *'],
    ['cafe\u0301', '"café" *'],
    ['靴 42', '"靴" "42" *'],
  ])('of %j is %s', (text, expression) => {
    expect(searchExpression(text)).toBe(expression);
  });

  it.each(['', '  ', '"*()', '\u0301', '\u0000'])('of %j is nothing', (text) => {
    expect(searchExpression(text)).toBeNull();
  });
});

describe('stockChange', () => {
  it('adds to stock, to what is reserved, or takes from both', () => {
    const start = { quantity: 10, reserved: 4 };
    const after = INVENTORY_KINDS.map((kind) => {
      const change = stockChange(kind, 3);
      return [kind, start.quantity + change.quantity, start.reserved + change.reserved];
    });
    expect(after).toEqual([
      ['addition', 13, 4],
      ['removal', 7, 4],
      ['reservation', 10, 7],
      ['release', 10, 1],
      ['sale', 7, 1],
    ]);
  });

  it('that does not fit lacks stock or a reservation', () => {
    expect(INVENTORY_KINDS.filter((kind) => shortfallOf(kind) === 'insufficient_reservation')).toEqual([
      'release',
      'sale',
    ]);
  });
});

describe('a gallery', () => {
  const three: Gallery = ['a', 'b', 'c'].reduce((gallery, id) => addImage(gallery, id, false), EMPTY_GALLERY);

  it('shows pictures in the order they came, the first as primary', () => {
    expect(three).toEqual({ order: ['a', 'b', 'c'], primary: 'a' });
    expect(addImage(three, 'd', true)).toEqual({ order: ['a', 'b', 'c', 'd'], primary: 'd' });
  });

  it('moves a picture to a place, or to the end when the place is beyond it', () => {
    expect(moveImage(three, 'c', 0).order).toEqual(['c', 'a', 'b']);
    expect(moveImage(three, 'a', 1).order).toEqual(['b', 'a', 'c']);
    expect(moveImage(three, 'a', 11).order).toEqual(['b', 'c', 'a']);
  });

  it('always has one primary picture while it has any', () => {
    expect(removeImage(three, 'a')).toEqual({ order: ['b', 'c'], primary: 'b' });
    expect(removeImage(makePrimary(three, 'c'), 'a')).toEqual({ order: ['b', 'c'], primary: 'c' });
    expect(['a', 'b', 'c'].reduce(removeImage, three)).toEqual(EMPTY_GALLERY);
  });
});

describe('defaultWidth', () => {
  it.each([
    [[320, 640, 1280], 640],
    [[320, 500], 500],
    [[48], 48],
    [[320, 640, 700], 640],
  ])('of %j is %i', (widths, width) => {
    expect(defaultWidth(widths)).toBe(width);
  });
});
