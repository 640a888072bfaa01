/** `npm test` and `npm run check`: every gate of the project. Everything past the install is in check.ts. */
import { runWithProjectNode } from './support/project.mjs';

try {
  process.exitCode = await runWithProjectNode('scripts/check.ts', process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
