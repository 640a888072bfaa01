/** `npm start [-- --port N]`: the whole marketplace on this machine. Everything past the install is in serve.ts. */
import { runWithProjectNode } from './support/project.mjs';

process.exitCode = await runWithProjectNode('scripts/serve.ts', process.argv.slice(2));
