import { createRoute, z } from '@hono/zod-openapi';
import { INTEGRITY_SCOPES } from '../../db/integrity-schema.ts';
import { newId } from '../../domain/ids.ts';
import { VERDICTS } from '../../domain/integrity/findings.ts';
import { mutation, permitted } from '../../http/access.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems, rfc3339, Timestamp } from '../../http/openapi.ts';
import { auditedActor, auditStatement } from '../audit/audit.statements.ts';
import { type IntegrityRun, knownMismatches, lastRuns, reconcile } from './integrity.usecases.ts';
import { liftFreeze, type PayoutFreeze, payoutFreeze } from './payout-freeze.usecases.ts';

const TAGS = ['Integrity'];
const Fact = z.union([z.string(), z.number()]).nullable();

const Run = z
  .object({
    scope: z.enum(INTEGRITY_SCOPES),
    verdict: z.enum(VERDICTS).meta({ description: 'A mismatch of money freezes payouts' }),
    checks: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['money', 'flow', 'backlog']),
        ok: z.boolean(),
        findings: z
          .array(z.object({ subject: z.string(), expected: Fact, found: Fact }))
          .meta({ description: 'The first twenty; amounts in minor units, times in seconds' }),
      }),
    ),
    started_at: Timestamp,
    ended_at: Timestamp,
  })
  .meta({ id: 'IntegrityRun' });

const Freeze = z
  .object({
    is_frozen: z.boolean(),
    reason: z.string().nullable(),
    actor_id: z.string().nullable(),
    changed_at: Timestamp.nullable(),
    allowed_actions: z.array(z.enum(['lift'])),
  })
  .meta({ id: 'PayoutFreeze' });

const Integrity = z.object({ runs: z.array(Run), payouts: Freeze }).meta({ id: 'Integrity' });
const Reason = z.strictObject({ reason: z.string().trim().min(1).max(500) });

const presentRun = (run: IntegrityRun) => ({
  scope: run.scope,
  verdict: run.verdict,
  checks: run.results.map(({ name, kind, findings }) => ({
    name,
    kind,
    ok: findings.length === 0,
    findings,
  })),
  started_at: rfc3339(run.startedAt),
  ended_at: rfc3339(run.endedAt),
});

const presentFreeze = (freeze: PayoutFreeze | null) => ({
  is_frozen: freeze?.isFrozen ?? false,
  reason: freeze?.reason ?? null,
  actor_id: freeze?.actorId ?? null,
  changed_at: freeze === null ? null : rfc3339(freeze.changedAt),
  allowed_actions: freeze?.isFrozen ? ['lift' as const] : [],
});

export const integrityRoutes = createRoutes();

integrityRoutes.openapi(
  createRoute({
    ...permitted('finance.read'),
    method: 'get',
    path: '/admin/integrity',
    operationId: 'getIntegrity',
    tags: TAGS,
    summary: 'What the last reconciliations found, and whether payouts are frozen',
    responses: {
      200: json(Integrity, 'The last run of each scope; none before the first'),
      ...problems(401, 403),
    },
  }),
  async (c) => {
    const deps = c.get('deps');
    const [runs, freeze] = await Promise.all([lastRuns(deps), payoutFreeze(deps.db)]);
    return c.json({ runs: runs.map(presentRun), payouts: presentFreeze(freeze) }, 200);
  },
);

integrityRoutes.openapi(
  createRoute({
    ...mutation(permitted('payouts.manage')),
    method: 'post',
    path: '/admin/integrity/run',
    operationId: 'runIntegrity',
    tags: TAGS,
    summary: 'Reconcile now',
    request: {
      body: jsonBody(
        z.strictObject({
          scope: z
            .enum(INTEGRITY_SCOPES)
            .default('full')
            .meta({ description: 'minute: what is new; full: everything' }),
        }),
      ),
    },
    responses: { 200: json(Run, 'What it found'), ...problems(400, 401, 403, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const { scope } = c.req.valid('json');
    const run = await reconcile(deps, scope);
    await auditStatement(
      deps.db,
      auditedActor(c),
      {
        action: 'integrity_checked',
        target: { type: 'integrity', id: scope },
        after: { verdict: run.verdict },
      },
      { id: newId('aud', deps.random), atMs: deps.now() },
    );
    return c.json(presentRun(run), 200);
  },
);

integrityRoutes.openapi(
  createRoute({
    ...mutation(permitted('payouts.manage')),
    method: 'post',
    path: '/admin/integrity/lift-freeze',
    operationId: 'liftPayoutFreeze',
    tags: TAGS,
    summary: 'Let payouts go on; the mismatches known by now do not freeze them again',
    request: { body: jsonBody(Reason) },
    responses: { 200: json(Freeze, 'The switch'), ...problems(400, 401, 403, 409, 413, 415) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const known = await knownMismatches(deps);
    const freeze = await liftFreeze(deps, c.req.valid('json').reason, known, auditedActor(c));
    return c.json(presentFreeze(freeze), 200);
  },
);
