import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
);

/** An SQL string literal. `wrangler d1 execute` takes no parameters, so texts are quoted here and nowhere else. */
export function quote(text: string): string {
  if (text.includes('\0')) throw new Error('An SQL text cannot hold a NUL character');
  return `'${text.replaceAll("'", "''")}'`;
}

/** Runs statements on the D1 database of this checkout, or on the deployed one; the rows of each statement in turn. */
export async function runSql(
  statements: readonly string[],
  where: 'local' | 'remote',
): Promise<Record<string, unknown>[][]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [WRANGLER, 'd1', 'execute', 'DB', `--${where}`, '--yes', '--json', '--command', statements.join(';\n')],
    { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 },
  );
  const answers: { results: Record<string, unknown>[] }[] = JSON.parse(stdout);
  return answers.map((answer) => answer.results);
}
