import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import REQUESTS from '../../requests.http?raw';
import { composeOnce } from '../../src/composition.ts';
import { PERMISSIONS } from '../../src/domain/accounts/permissions.ts';
import { SOCKETS } from '../../src/features/system/socket-descriptions.ts';
import { bodyOf, request } from '../support/accounts.ts';

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: Record<string, unknown>[];
  'x-access'?: string;
  parameters?: { name: string; in: string }[];
  responses: Record<string, { description?: string }>;
}
interface OpenApi {
  openapi: string;
  info: { title: string };
  servers: unknown[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

/** The second names of GR-01 answer as the first ones, and the pages are not part of the API. */
const UNDOCUMENTED = [
  'POST /api/v1/register',
  'POST /api/v1/login',
  'POST /api/v1/token',
  'POST /api/v1/refresh',
  'POST /api/v1/logout',
  'POST /api/v1/login/two-factor',
  'POST /api/v1/change-password',
  'POST /api/v1/forgot-password',
  'POST /api/v1/reset-password',
  'POST /api/v1/verify-email',
  'POST /api/v1/verify-email/resend',
  'GET /',
  'GET /docs',
  'GET /live',
  'GET /souk',
  'GET /mailbox',
  'GET /ws',
];

/** Every `$ref` of a document must point at something in it. */
function danglingRefs(document: unknown): string[] {
  const dangling: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('$ref' in node && typeof node.$ref === 'string') {
      const target = node.$ref
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>(
          (at, part) =>
            (at as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')],
          document,
        );
      if (target === undefined) dangling.push(node.$ref);
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(document);
  return dangling;
}

describe('/openapi.json', () => {
  let openApi: OpenApi;
  let operations: { name: string; path: string; operation: Operation }[];

  beforeAll(async () => {
    openApi = await bodyOf<OpenApi>(await request('/openapi.json'));
    operations = Object.entries(openApi.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        path,
        operation,
      })),
    );
  });

  it('is OpenAPI 3.1 with a bearer scheme and no dangling reference', () => {
    expect(openApi.openapi).toBe('3.1.0');
    expect(openApi.info.title).toBe('Bourse');
    expect(openApi.servers).toHaveLength(1);
    expect(openApi.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
    expect(danglingRefs(openApi)).toEqual([]);
  });

  it('says of every route who may call it, and asks for a token exactly where one is needed', () => {
    const KINDS = [
      'anyone',
      'signature',
      'user',
      'party',
      ...PERMISSIONS.map((name) => `permission:${name}`),
    ];
    for (const { name, operation } of operations) {
      const access = operation['x-access'] ?? 'nothing';
      expect(KINDS, name).toContain(access);
      expect(operation.security !== undefined, name).toBe(!['anyone', 'signature'].includes(access));
    }
  });

  it('lists every route of the app', () => {
    const { app } = composeOnce(env);
    const mounted = new Set(
      app.routes
        .filter(({ method }) => method !== 'ALL')
        .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`),
    );
    const documented = operations.map(({ name }) => name);
    expect([...documented, ...UNDOCUMENTED].sort()).toEqual([...mounted].sort());
  });

  it('names each operation once, says what it does, and declares the parameters of its path', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.filter((id) => id === undefined)).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, path, operation } of operations) {
      expect(operation.summary, name).toBeTruthy();
      expect(operation.tags, name).toHaveLength(1);
      expect(
        openApi.tags.map((tag) => tag.name),
        name,
      ).toContain(operation.tags![0]);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map((parameter) => parameter.name).sort(), name).toEqual(inPath.sort());
    }
  });

  it('has every route that requests.http sends to', () => {
    const sent = [...REQUESTS.matchAll(/^(GET|POST|PATCH|PUT|DELETE) \{\{(host|api)\}\}(\S+)$/gm)].map(
      ([, method, base, path]) => {
        const route = path!.replace(/\?.*$/, '').replace(/\{\{[^}]+\}\}/g, '{}');
        return `${method} ${base === 'api' ? '/api/v1' : ''}${route}`;
      },
    );
    const known = new Set(operations.map(({ name }) => name.replace(/\{\w+\}/g, '{}')));
    expect(sent.length).toBeGreaterThan(10);
    expect(sent.filter((name) => !known.has(name))).toEqual([]);
  });

  it('says where an access token is needed', () => {
    const isSecured = (name: string) =>
      operations.find((operation) => operation.name === name)?.operation.security !== undefined;
    expect(isSecured('POST /api/v1/bids')).toBe(true);
    expect(isSecured('POST /api/v1/products')).toBe(true);
    expect(isSecured('GET /api/v1/products')).toBe(false);
  });
});

describe('/asyncapi.json', () => {
  it('has every frame and every close code of every socket, and no dangling reference', async () => {
    const document = await bodyOf<{
      asyncapi: string;
      servers: { this: { host: string; protocol: string } };
      channels: Record<string, { address: string; 'x-close-codes': Record<string, string> }>;
      operations: Record<string, { messages: { $ref: string }[] }>;
      components: { messages: Record<string, unknown>; schemas: Record<string, { type?: string }> };
    }>(await request('/asyncapi.json'));
    expect(document.asyncapi).toBe('3.1.0');
    expect(document.servers.this).toMatchObject({ host: 'bourse.test', protocol: 'wss' });
    expect(danglingRefs(document)).toEqual([]);

    const names = new Set(
      SOCKETS.flatMap(({ client, server }) => [...client, ...server]).map((frame) => frame.meta()!.id!),
    );
    expect(Object.keys(document.components.messages).sort()).toEqual([...names].sort());
    for (const name of names) expect(document.components.schemas[name]?.type, name).toBe('object');
    expect(Object.keys(document.channels)).toEqual(SOCKETS.map(({ name }) => name));
    for (const { name, address, client, server, closeCodes } of SOCKETS) {
      expect(document.channels[name]).toMatchObject({
        address,
        'x-close-codes': JSON.parse(JSON.stringify(closeCodes)),
      });
      const operations = Object.values(document.operations).map(({ messages }) => messages);
      const mine = operations.filter(([first]) => first!.$ref.startsWith(`#/channels/${name}/`));
      expect(mine.map((messages) => messages.length)).toEqual([client.length, server.length]);
    }
  });

  it('describes a socket for every route that opens one', async () => {
    const openApi = await bodyOf<OpenApi>(await request('/openapi.json'));
    const opened = Object.entries(openApi.paths)
      .filter(([, methods]) => methods.get?.responses['101'] !== undefined)
      .map(([path]) => path);
    expect(SOCKETS.map(({ address }) => address).sort()).toEqual(opened.sort());
  });
});

describe.each(['/', '/souk', '/docs', '/live'])('the page %s', (path) => {
  it('runs nothing inline and asks no other host for anything', async () => {
    const response = await request(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toContain('text/html');
    expect(response.headers.get('X-Request-Id')).toBeTruthy();
    const policy = response.headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);

    const html = await response.text();
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/i);
    expect([...html.matchAll(/<script(?![^>]*\ssrc="\/)/g)]).toEqual([]);
    expect([...html.matchAll(/(?:src|href)="(?:https?:)?\/\//g)]).toEqual([]);
  });

  it('refers only to files that are there', async () => {
    const html = await (await request(path)).text();
    const files = [...html.matchAll(/(?:src|href)="(\/[\w./-]+\.(?:js|css|svg))"/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      const response = await env.ASSETS.fetch(`https://bourse.test${file}`);
      expect(response.status, file).toBe(200);
      await response.body?.cancel();
    }
  });
});

describe('/api/v1/meta', () => {
  it('says that demo accounts exist in the local demo only', async () => {
    expect(await bodyOf(await request('/api/v1/meta'))).toMatchObject({ name: 'Bourse', demo: false });
  });
});
