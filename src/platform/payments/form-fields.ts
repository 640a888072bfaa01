/** Nested fields of a form body, as Stripe's API takes them: `a[b]=1`, `a[0]=x`. */
export type FormFields = { [name: string]: FormFields | string };

/** Parses a form body or a query string. Lists come out as fields named 0, 1, 2. */
export function parseFormFields(text: string): FormFields {
  const root = emptyFields();
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split(/\]?\[|\]$/).filter((part, index) => index === 0 || part !== '');
    const last = path.pop() ?? name;
    let at = root;
    for (const part of path) {
      const next = at[part];
      const inner = typeof next === 'object' ? next : emptyFields();
      at[part] = inner;
      at = inner;
    }
    at[last] = value;
  }
  return root;
}

/** Without a prototype, so that no field name means anything by itself. */
const emptyFields = (): FormFields => Object.create(null) as FormFields;

/** The text of a field, or null when it is absent or nested. */
export function textField(fields: FormFields, ...path: string[]): string | null {
  let at: FormFields | string | undefined = fields;
  for (const part of path) at = typeof at === 'object' ? at[part] : undefined;
  return typeof at === 'string' ? at : null;
}
