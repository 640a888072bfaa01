/**
 * Every gate, in the order of their cost: format and lint, types, stale generated files, then the tests in node and in
 * workerd. Each gate and each test counts as one; the last line is the total.
 */

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ENV, ROOT, run } from './support/project.mjs';
import { type Count, countOf } from './support/test-report.ts';

const SCRATCH = join(ROOT, '.bourse');

type Gate = { readonly name: string; readonly command: readonly [string, ...string[]] };

const GATES: readonly Gate[] = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings'] },
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  {
    name: 'types of the domain, which knows no platform',
    command: ['tsc', '-p', 'src/domain/tsconfig.json'],
  },
  {
    name: 'types of the bindings are those of wrangler.toml',
    command: ['wrangler', 'types', '--include-runtime=false', '--strict-vars=false', 'env.d.ts', '--check'],
  },
];

/** The vitest projects, run one by one, so that one that crashes does not take the other's results along. */
const TEST_PROJECTS = ['pure', 'workers'] as const;

/** Runs quietly and gives what it said. */
function capture([command, ...args]: readonly [string, ...string[]]): Promise<{ ok: boolean; said: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env: PROJECT_ENV, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', (error) => resolve({ ok: false, said: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, said }));
  });
}

async function passes(name: string, check: () => Promise<{ ok: boolean; said: string }>): Promise<Count> {
  const startMs = performance.now();
  const { ok, said } = await check();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (!ok) console.log(said);
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Asks drizzle-kit for the next migration in a copy: there must be nothing left to write. */
async function migrationsFollowSchema(): Promise<{ ok: boolean; said: string }> {
  const copy = mkdtempSync(join(SCRATCH, 'migrations-'));
  try {
    cpSync(join(ROOT, 'migrations'), copy, { recursive: true });
    const before = readdirSync(copy).length;
    const { ok, said } = await capture([
      'drizzle-kit',
      'generate',
      ...['--dialect', 'sqlite', '--casing', 'snake_case', '--schema', './src/db/*schema.ts', '--out', copy],
    ]);
    if (!ok) return { ok, said };
    const isCurrent = readdirSync(copy).length === before;
    return { ok: isCurrent, said: 'The schema has changes without a migration: npx drizzle-kit generate' };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function runTests(project: (typeof TEST_PROJECTS)[number]): Promise<Count> {
  const report = join(SCRATCH, `tests-${project}.json`);
  rmSync(report, { force: true });
  const code = await run('vitest', [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  return countOf(existsSync(report) ? readFileSync(report, 'utf8') : null, code);
}

mkdirSync(SCRATCH, { recursive: true });
const counts: Count[] = [
  await passes('local secrets and documentation files', () => capture(['node', 'scripts/prepare.mjs'])),
];
for (const { name, command } of GATES) counts.push(await passes(name, () => capture(command)));
counts.push(await passes('migrations follow the schema', migrationsFollowSchema));
for (const project of TEST_PROJECTS) counts.push(await runTests(project));

const passed = counts.reduce((sum, count) => sum + count.passed, 0);
const failed = counts.reduce((sum, count) => sum + count.failed, 0);
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);
