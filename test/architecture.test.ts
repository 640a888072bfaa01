/** Which way imports may point. The rooms and their doors; decision 0005 adds `wire` to the house's plan. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Import {
  from: string;
  /** A path in this repository, or the name of a package. */
  to: string;
  isLocal: boolean;
  isTypeOnly: boolean;
}

const ROOT = join(import.meta.dirname, '..');
const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\bfrom\s+)?'([^']+)'/gm;

const sourcesIn = (...folders: string[]): string[] =>
  folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs|js)$/.test(name) && !/vendor|node_modules/.test(name))
      .map((name) => join(folder, name)),
  );

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const importsOf = (file: string): Import[] =>
  [...read(file).matchAll(IMPORT)].map(([, typeOnly, name]) => {
    const isLocal = name!.startsWith('.');
    return {
      from: file,
      to: isLocal ? normalize(join(dirname(file), name!)) : name!,
      isLocal,
      isTypeOnly: typeOnly !== undefined,
    };
  });

const SOURCES = sourcesIn('src', 'durable-objects').filter((file) => !file.startsWith('src/web/'));
const IMPORTS = SOURCES.flatMap(importsOf);

/** A file of `platform` that makes something is an implementation; the others state what there is to make. */
const IMPLEMENTATIONS = new Set(
  SOURCES.filter((file) => file.startsWith('src/platform/') && /^export function create/m.test(read(file))),
);

const COMPOSES = /^src\/(composition|index)\.ts$|^durable-objects\/[\w-]+\/object\.ts$/;

interface Room {
  name: string;
  holds: RegExp;
  mayImport: RegExp[];
  /** Packages, beside what every room may use: nothing. */
  packages: RegExp[];
}

const DOMAIN = /^src\/domain\//;
const DB = /^src\/db\//;
const WIRE = /^src\/wire\//;
const HTTP_KIT = /^src\/http\/(?!app\.ts|entry\.ts)/;
const PLATFORM = /^src\/platform\//;
const DEPS = /^src\/(deps|config)\.ts$/;

const ROOMS: Room[] = [
  { name: 'domain', holds: DOMAIN, mayImport: [DOMAIN], packages: [] },
  { name: 'wire', holds: WIRE, mayImport: [DOMAIN, WIRE], packages: [/^zod$/] },
  { name: 'db', holds: DB, mayImport: [DOMAIN, DB], packages: [/^drizzle-orm(\/|$)/] },
  {
    name: 'platform',
    holds: PLATFORM,
    mayImport: [DOMAIN, WIRE, PLATFORM, DEPS],
    // Each capability has its own vendor.
    packages: [/^(?!cloudflare:)/],
  },
  {
    name: 'the objects',
    holds: /^durable-objects\//,
    mayImport: [DOMAIN, WIRE, PLATFORM, /^durable-objects\//],
    packages: [/^(zod|cloudflare:workers)$/],
  },
  {
    name: 'features',
    holds: /^src\/features\//,
    mayImport: [DOMAIN, WIRE, DB, HTTP_KIT, PLATFORM, DEPS, /^src\/features\//],
    packages: [/^(hono|@hono\/zod-openapi|zod|image-size)(\/|$)/, /^drizzle-orm(\/|$)/],
  },
  {
    name: 'the http kit',
    holds: /^src\/http\//,
    mayImport: [DOMAIN, WIRE, DB, DEPS, PLATFORM, /^src\/http\//],
    packages: [/^(hono|@hono\/zod-openapi|zod)(\/|$)/, /^drizzle-orm(\/|$)/],
  },
  {
    name: 'jobs',
    holds: /^src\/jobs\//,
    mayImport: [DOMAIN, WIRE, DB, DEPS, PLATFORM, HTTP_KIT, /^src\/jobs\//, /^src\/features\//],
    packages: [/^zod$/, /^drizzle-orm(\/|$)/],
  },
];

/** The app mounts the routes, and the entry is handed the composition that made it. */
const DOORS: [from: RegExp, to: RegExp][] = [
  [/^src\/http\/app\.ts$/, /^src\/features\/\w+\/[\w-]+\.routes\.ts$/],
  // The short ways of plain orders and of the top of a book begin before the app, and are the market’s own.
  [/^src\/http\/(app|entry)\.ts$/, /^src\/features\/market\/(order|market)-lane\.ts$/],
  [/^src\/http\/entry\.ts$/, /^src\/composition\.ts$/],
  // The demo's processor plays a company of its own, and keeps its books in tables of its own.
  [/^src\/platform\/payments\/demo-[\w-]+\.ts$/, DB],
];

const show = ({ from, to }: Import): string => `${from} -> ${to}`;

describe('imports', () => {
  it.each(ROOMS)('of $name stay within what it may know', ({ holds, mayImport, packages }) => {
    const mine = IMPORTS.filter(({ from }) => holds.test(from));
    expect(mine.length).toBeGreaterThan(0);
    const astray = mine.filter(
      ({ from, to, isLocal, isTypeOnly }) =>
        !(isLocal ? mayImport : packages).some((allowed) => allowed.test(to)) &&
        !DOORS.some(([door, room]) => door.test(from) && room.test(to)) &&
        // An adapter of an object speaks to it by its type, which leaves no import behind.
        !(isTypeOnly && PLATFORM.test(from) && /^durable-objects\/[\w-]+\/object\.ts$/.test(to)),
    );
    expect(astray.map(show)).toEqual([]);
  });

  it('of implementations are left to those who compose', () => {
    const astray = IMPORTS.filter(
      ({ from, to, isTypeOnly }) =>
        IMPLEMENTATIONS.has(to) && !isTypeOnly && !PLATFORM.test(from) && !COMPOSES.test(from),
    );
    expect(IMPLEMENTATIONS.size).toBeGreaterThan(0);
    expect(astray.map(show)).toEqual([]);
  });

  it('between features go through use cases, never to tables, routes or schemas of the other', () => {
    const featureOf = (file: string) => /^src\/features\/([\w-]+)\//.exec(file)?.[1];
    const astray = IMPORTS.filter(({ from, to }) => {
      const [mine, theirs] = [featureOf(from), featureOf(to)];
      return (
        mine !== undefined &&
        theirs !== undefined &&
        mine !== theirs &&
        /\.(repository|routes|schemas|presenter)\.ts$/.test(to)
      );
    });
    expect(astray.map(show)).toEqual([]);
  });

  it('form no cycle', () => {
    const next = new Map<string, string[]>();
    // A type-only import leaves nothing behind, so it cannot close a circle.
    for (const { from, to, isLocal, isTypeOnly } of IMPORTS)
      if (isLocal && !isTypeOnly) next.set(from, [...(next.get(from) ?? []), to]);
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: string[]): void => {
      const at = path.indexOf(file);
      if (at >= 0) cycles.push([...path.slice(at), file].join(' -> '));
      if (at >= 0 || done.has(file)) return;
      for (const target of next.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of SOURCES) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('name files that exist, with their extension', () => {
    const files = new Set(SOURCES);
    expect(IMPORTS.filter(({ to, isLocal }) => isLocal && !files.has(to)).map(show)).toEqual([]);
  });
});

describe('files', () => {
  const all = sourcesIn('src', 'durable-objects', 'scripts', 'test', 'bench');

  it('are named for what they hold', () => {
    const vague = /\/(utils?|helpers?|common|misc)(\.|\/)|[.-](utils?|helpers?|manager|service)\./;
    expect(all.filter((file) => vague.test(file))).toEqual([]);
  });

  it('are kebab-case and no barrels', () => {
    expect(all.filter((file) => !/^[a-z0-9./-]+$/.test(file))).toEqual([]);
    const barrels = SOURCES.filter((file) => /^export (\*|\{[^}]*\}) from/m.test(read(file)));
    expect(barrels).toEqual(['src/index.ts']);
  });
});

describe('migrations', () => {
  it('never recreate a table: on D1 that deletes the rows that refer to it', () => {
    const migrations = readdirSync(join(ROOT, 'migrations')).filter((name) => name.endsWith('.sql'));
    expect(migrations.length).toBeGreaterThan(0);
    for (const name of migrations) expect(read(join('migrations', name)), name).not.toMatch(/drop\s+table/i);
  });
});
