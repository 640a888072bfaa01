import { z } from '@hono/zod-openapi';
import { GivenPassword } from './accounts.schemas.ts';
import type { Proof } from './second-step.ts';

export const Code = z
  .string()
  .regex(/^\d{6}$/, 'Six digits')
  .meta({ description: 'The six digits that the app shows', example: '123456' });
const RecoveryCode = z.string().min(10).max(24).meta({ example: '0a1b2-c3d4e' });

interface ProofBody {
  code?: string | undefined;
  recovery_code?: string | undefined;
}

export const ProofFields = { code: Code.optional(), recovery_code: RecoveryCode.optional() };
export const isOneProof = ({ code, recovery_code }: ProofBody) =>
  (code === undefined) !== (recovery_code === undefined);
export const ONE_PROOF = { error: 'Send either code or recovery_code', path: ['code'] };

export const optionalProofOf = ({ code, recovery_code }: ProofBody): Proof | null => {
  if (code !== undefined) return { code };
  return recovery_code === undefined ? null : { recoveryCode: recovery_code };
};
export const proofOf = (body: ProofBody): Proof => optionalProofOf(body) ?? { code: '' };

export const OptionalProofBody = z
  .strictObject({ password: GivenPassword, ...ProofFields })
  .refine(({ code, recovery_code }) => code === undefined || recovery_code === undefined, ONE_PROOF)
  .meta({ id: 'ProveIdentity' });
