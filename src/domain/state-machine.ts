/**
 * Machines declared as data: a table of rows, each an edge with the action that takes it and the roles that may.
 * What is not in the table cannot happen.
 */
import { err, ok, type Result } from './result.ts';

export interface MachineRow<State extends string, Action extends string, Role extends string> {
  from: readonly State[];
  to: State;
  action: Action;
  by: readonly Role[];
}

/** `forbidden`: the role may never do this. `invalid_transition`: not from this state. */
export type MachineRefusal = 'forbidden' | 'invalid_transition';

type StateOf<Row> = Row extends MachineRow<infer State, string, string> ? State : never;
type ActionOf<Row> = Row extends MachineRow<string, infer Action, string> ? Action : never;
type RoleOf<Row> = Row extends MachineRow<string, string, infer Role> ? Role : never;

function isBy<Role extends string>(row: { by: readonly Role[] }, roles: readonly Role[]): boolean {
  return row.by.some((role) => roles.includes(role));
}

/** The rows an action can follow from a state for someone with these roles, in table order; never empty. */
export function rowsFor<Row extends MachineRow<string, string, string>>(
  table: readonly Row[],
  from: StateOf<Row>,
  action: ActionOf<Row>,
  roles: readonly RoleOf<Row>[],
): Result<[Row, ...Row[]], MachineRefusal> {
  const mine = table.filter((row) => row.action === action && isBy(row, roles));
  if (mine.length === 0) return err('forbidden');
  const [first, ...rest] = mine.filter((row) => row.from.includes(from));
  return first ? ok([first, ...rest]) : err('invalid_transition');
}

/** The first row for an action: all there is to a machine without guards. */
export function step<Row extends MachineRow<string, string, string>>(
  table: readonly Row[],
  from: StateOf<Row>,
  action: ActionOf<Row>,
  role: RoleOf<Row>,
): Result<Row, MachineRefusal> {
  const rows = rowsFor(table, from, action, [role]);
  return rows.ok ? ok(rows.value[0]) : rows;
}

/** Every row that leaves a state for someone with these roles, in table order. */
export function rowsFrom<Row extends MachineRow<string, string, string>>(
  table: readonly Row[],
  from: StateOf<Row>,
  roles: readonly RoleOf<Row>[],
): Row[] {
  return table.filter((row) => row.from.includes(from) && isBy(row, roles));
}
