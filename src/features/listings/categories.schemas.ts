import { z } from '@hono/zod-openapi';

const name = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .refine((text) => !/\p{Cc}/u.test(text), 'must not contain control characters');
const slug = z
  .string()
  .max(60)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'small letters and digits, joined by hyphens')
  .meta({ description: 'Unique; for addresses of pages', example: 'sneakers' });
const parentId = z.string().max(40).nullable().meta({ description: 'null: at the top' });
const position = z.number().int().min(0).max(10_000);

export const CategoryId = z.object({
  category_id: z.string().max(40).meta({ example: 'cat_0000000000000009' }),
});

export const NewCategory = z
  .strictObject({
    name,
    slug,
    parent_id: parentId.default(null),
    position: position.optional().meta({ description: 'Left out: after its siblings' }),
  })
  .meta({ id: 'NewCategory' });
export type NewCategory = z.infer<typeof NewCategory>;

export const CategoryChanges = z
  .strictObject({ name, slug, parent_id: parentId, position })
  .partial()
  .refine((value) => Object.keys(value).length > 0, 'name at least one field to change')
  .meta({ id: 'CategoryChanges' });
export type CategoryChanges = z.infer<typeof CategoryChanges>;

export const CategoryAnswer = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    parent_id: z.string().nullable(),
    position: z.number().int(),
    version: z.number().int(),
  })
  .meta({ id: 'Category' });

export const CategoryTree = z
  .object({
    data: z.array(CategoryAnswer.extend({ depth: z.number().int().meta({ description: '0 at the top' }) })),
  })
  .meta({ id: 'CategoryTree', description: 'Every category after its parent, siblings in their order' });
