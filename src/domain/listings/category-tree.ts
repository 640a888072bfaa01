/** The tree of categories, from its rows (SW-08). */

export interface CategoryNode {
  id: string;
  parentId: string | null;
  /** Among its siblings; equals are ordered by name. */
  position: number;
  name: string;
}

/** How deep the tree may be: more levels than this no menu shows. */
export const MAX_DEPTH = 6;
/** How many there may be: the tree is read as a whole. */
export const MAX_CATEGORIES = 1_000;

const bySiblings = (a: CategoryNode, b: CategoryNode): number =>
  a.position - b.position || a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1);

function childrenByParent<T extends CategoryNode>(nodes: readonly T[]): Map<string | null, T[]> {
  const children = new Map<string | null, T[]>();
  for (const node of nodes) children.set(node.parentId, [...(children.get(node.parentId) ?? []), node]);
  for (const siblings of children.values()) siblings.sort(bySiblings);
  return children;
}

/** Every category below its parent, depth first; a root has depth 0. */
export function inTreeOrder<T extends CategoryNode>(nodes: readonly T[]): { node: T; depth: number }[] {
  const children = childrenByParent(nodes);
  const ordered: { node: T; depth: number }[] = [];
  const visit = (parentId: string | null, depth: number): void => {
    for (const node of children.get(parentId) ?? []) {
      ordered.push({ node, depth });
      visit(node.id, depth + 1);
    }
  };
  visit(null, 0);
  return ordered;
}

/** A category and all below it, itself first. */
export function subtreeIds(nodes: readonly CategoryNode[], id: string): string[] {
  const children = childrenByParent(nodes);
  const found = [id];
  // The list grows while it is walked.
  for (const current of found) for (const child of children.get(current) ?? []) found.push(child.id);
  return found;
}

/** Why a category cannot be below that parent, or null when it can. */
export function misplacement(
  nodes: readonly CategoryNode[],
  id: string | null,
  parentId: string | null,
): 'no_parent' | 'cycle' | 'too_deep' | null {
  if (parentId === null) return null;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  if (!byId.has(parentId)) return 'no_parent';
  const below = id === null ? [] : subtreeIds(nodes, id);
  if (below.includes(parentId)) return 'cycle';
  const depthOf = (from: string): number => {
    let depth = 0;
    for (let at = byId.get(from)?.parentId ?? null; at !== null; at = byId.get(at)?.parentId ?? null)
      depth += 1;
    return depth;
  };
  const height = id === null ? 0 : Math.max(...below.map(depthOf)) - depthOf(id);
  return depthOf(parentId) + 1 + height >= MAX_DEPTH ? 'too_deep' : null;
}
