/**
 * Settings of `.dev.vars` that `wrangler dev` would leave out: since wrangler.toml says which secrets a deployment cannot
 * do without, it takes those and what is under `[vars]`, and none of the optional ones: no push would be signed, no
 * carrier believed, and the key of a Stripe account never found.
 */
const SETTING = /^([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/;
const QUOTED = /^(["'])(.*)\1$/;

/** As `NAME:value`, the way that `--var` takes them; what is empty is not set. */
export function settingsLeftOut(devVars: string, wranglerToml: string): string[] {
  const taken = new Set([
    ...Array.from(wranglerToml.matchAll(/^([A-Z][A-Z0-9_]*)\s*=/gm), ([, name]) => name),
    ...Array.from(
      /^required\s*=\s*\[(.*)\]/m.exec(wranglerToml)?.[1]?.matchAll(/"(\w+)"/g) ?? [],
      ([, name]) => name,
    ),
  ]);
  return devVars.split('\n').flatMap((line) => {
    const [, name, written = ''] = SETTING.exec(line) ?? [];
    const value = QUOTED.exec(written)?.[2] ?? written;
    return name === undefined || taken.has(name) || value === '' ? [] : [`${name}:${value}`];
  });
}
