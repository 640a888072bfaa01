import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CategoryNode,
  inTreeOrder,
  MAX_DEPTH,
  misplacement,
  subtreeIds,
} from '../../../src/domain/listings/category-tree.ts';

const node = (id: string, parentId: string | null, position = 0): CategoryNode => ({
  id,
  parentId,
  position,
  name: id,
});
const TREE = [node('b', null, 1), node('a', null), node('b1', 'b'), node('b2', 'b', 1), node('b1x', 'b1')];

/** A parent is among those made before it, so that there is no cycle. */
const trees = fc
  .array(fc.tuple(fc.nat(), fc.nat(3)), { maxLength: 30 })
  .map((choices) =>
    choices.map(([choice, position], index) =>
      node(`c${index}`, index === 0 || choice % 3 === 0 ? null : `c${choice % index}`, position),
    ),
  );

describe('the tree of categories', () => {
  it('is told depth first, siblings in their order', () => {
    expect(inTreeOrder(TREE).map(({ node: { id }, depth }) => `${depth}${id}`)).toEqual([
      '0a',
      '0b',
      '1b1',
      '2b1x',
      '1b2',
    ]);
  });

  it('has every category once, after its parent', () => {
    fc.assert(
      fc.property(trees, (nodes) => {
        const ids = inTreeOrder(nodes).map(({ node: { id } }) => id);
        expect(ids.toSorted()).toEqual(nodes.map(({ id }) => id).toSorted());
        for (const { id, parentId } of nodes)
          if (parentId !== null) expect(ids.indexOf(parentId)).toBeLessThan(ids.indexOf(id));
      }),
    );
  });

  it('knows what is below a category', () => {
    expect(subtreeIds(TREE, 'b')).toEqual(['b', 'b1', 'b2', 'b1x']);
    expect(subtreeIds(TREE, 'a')).toEqual(['a']);
  });

  it('lets a category go anywhere but below itself, below nothing, or too deep', () => {
    expect(misplacement(TREE, 'b', 'b1x')).toBe('cycle');
    expect(misplacement(TREE, 'b', 'b')).toBe('cycle');
    expect(misplacement(TREE, 'b1', 'a')).toBeNull();
    expect(misplacement(TREE, 'b1', null)).toBeNull();
    expect(misplacement(TREE, null, 'nowhere')).toBe('no_parent');
    const chain = Array.from({ length: MAX_DEPTH }, (_, depth) =>
      node(`d${depth}`, depth === 0 ? null : `d${depth - 1}`),
    );
    expect(misplacement(chain, null, `d${MAX_DEPTH - 1}`)).toBe('too_deep');
    expect(misplacement(chain, null, `d${MAX_DEPTH - 2}`)).toBeNull();
    expect(misplacement([...TREE, ...chain], 'b', `d${MAX_DEPTH - 3}`)).toBe('too_deep');
  });

  it('stays a tree under any move that is allowed', () => {
    fc.assert(
      fc.property(trees, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 30 }), (start, moves) => {
        let nodes = start;
        for (const [from, to] of moves) {
          const moved = nodes[from % Math.max(1, nodes.length)];
          const parent = nodes[to % Math.max(1, nodes.length)];
          if (!moved || !parent || misplacement(nodes, moved.id, parent.id) !== null) continue;
          nodes = nodes.map((each) => (each.id === moved.id ? { ...each, parentId: parent.id } : each));
        }
        expect(inTreeOrder(nodes)).toHaveLength(start.length);
      }),
    );
  });
});
