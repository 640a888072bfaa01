/** What somebody does that tells what they like. A search is counted by the words searched for. */
export const INTERACTION_KINDS = ['viewed', 'searched', 'favoured', 'watched', 'bought'] as const;
export type InteractionKind = (typeof INTERACTION_KINDS)[number];

/** How much more a deed says of a taste than a look does. */
export const INTERACTION_WEIGHTS: Readonly<Record<InteractionKind, number>> = {
  viewed: 1,
  searched: 0,
  favoured: 3,
  watched: 3,
  bought: 10,
};
