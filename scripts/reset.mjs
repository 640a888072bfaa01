/** `npm run reset`: forgets the local market: accounts, catalogue, books, pictures. The secrets in .dev.vars stay. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

for (const folder of ['.wrangler/state', '.bourse']) {
  rmSync(fileURLToPath(new URL(`../${folder}`, import.meta.url)), { recursive: true, force: true });
}
console.log('The local market is empty. `npm start` builds the demo again.');
