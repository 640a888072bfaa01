import { request } from './accounts.ts';

/** A JSON schema as it stands in the OpenAPI document, as far as the tests read it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  format?: string;
  pattern?: string;
  minLength?: number;
  minimum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

export interface Operation {
  /** `GET /api/v1/orders/{order_id}` */
  name: string;
  id: string;
  method: string;
  path: string;
  access: string;
  /** Names of the parameters of the path. */
  params: string[];
  query: { name: string; schema: Schema }[];
  body: Schema | null;
  /** The answer with status 200, when it is JSON. */
  answer: Schema | null;
  statuses: string[];
}

interface Document {
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        'x-access': string;
        parameters?: { in: string; name: string; schema: Schema }[];
        requestBody?: { content: Record<string, { schema: Schema }> };
        responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
      }
    >
  >;
  components: { schemas: Record<string, Schema> };
}

let document: Promise<Document> | null = null;

async function readDocument(): Promise<Document> {
  document ??= request('/openapi.json').then((response) => response.json<Document>());
  return document;
}

/** Every operation of `/openapi.json`. */
export async function readOperations(): Promise<Operation[]> {
  const { paths } = await readDocument();
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      access: operation['x-access'],
      params: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!),
      query: (operation.parameters ?? []).filter((each) => each.in === 'query'),
      body: operation.requestBody?.content['application/json']?.schema ?? null,
      answer: operation.responses['200']?.content?.['application/json']?.schema ?? null,
      statuses: Object.keys(operation.responses),
    })),
  );
}

/** The schema itself, where it is a reference. */
export async function resolve(schema: Schema): Promise<Schema> {
  if (!schema.$ref) return schema;
  const { components } = await readDocument();
  return resolve(components.schemas[schema.$ref.split('/').at(-1)!]!);
}

/** A small value that fits the schema. */
export async function valueFor(given: Schema): Promise<unknown> {
  const schema = await resolve(given);
  if (schema.example !== undefined) return schema.example;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return valueFor(options[0]!);
  if (schema.allOf) {
    const parts = await Promise.all(schema.allOf.map(valueFor));
    return Object.assign({}, ...parts);
  }
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== 'null') : schema.type;
  switch (type) {
    case 'object': {
      const entries = (schema.required ?? []).map(
        async (name) => [name, await valueFor(schema.properties?.[name] ?? {})] as const,
      );
      return Object.fromEntries(await Promise.all(entries));
    }
    case 'array':
      return Promise.all(Array.from({ length: schema.minItems ?? 0 }, () => valueFor(schema.items ?? {})));
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, (schema.exclusiveMinimum ?? 0) + 1, 1);
    case 'boolean':
      return true;
    case 'string':
      if (schema.format === 'email') return 'someone@bourse.test';
      if (schema.format === 'date') return '2026-01-31';
      if (schema.format === 'date-time') return '2026-01-31T12:00:00Z';
      if (schema.format === 'uri') return 'https://example.com/a';
      return 'x'.repeat(Math.max(schema.minLength ?? 1, 1));
    default:
      return 'x';
  }
}
