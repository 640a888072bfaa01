import { createRoute } from '@hono/zod-openapi';
import { anyone, open, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, problems } from '../../http/openapi.ts';
import {
  ProductId,
  RecommendationsQuery,
  RecommendedListings,
  RecommendedProducts,
} from './discovery.schemas.ts';
import { recommendListings, recommendProducts, relatedProducts } from './recommendations.usecases.ts';

const TAGS = ['Discovery'];

export const recommendationsRoutes = createRoutes();

recommendationsRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/me/recommendations',
    operationId: 'recommendToMe',
    tags: TAGS,
    summary: 'Products for you, each with its reason',
    description: 'From what you looked at, watched and bought. What you own or nobody sells is left out.',
    request: { query: RecommendationsQuery },
    responses: { 200: json(RecommendedProducts, 'Best first'), ...problems(401) },
  }),
  async (c) =>
    c.json(
      { data: await recommendProducts(c.get('deps'), callerIn(c).userId, c.req.valid('query').limit) },
      200,
    ),
);

recommendationsRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/recommendations',
    operationId: 'recommendToAnyone',
    tags: TAGS,
    summary: 'What is wanted now',
    request: { query: RecommendationsQuery },
    responses: { 200: json(RecommendedProducts, 'Best first'), ...problems() },
  }),
  async (c) =>
    c.json({ data: await recommendProducts(c.get('deps'), null, c.req.valid('query').limit) }, 200),
);

recommendationsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/recommendations/listings',
    operationId: 'recommendListings',
    tags: TAGS,
    summary: 'Listings for you, or for anybody who is not signed in',
    request: { query: RecommendationsQuery },
    responses: { 200: json(RecommendedListings, 'Best first'), ...problems(401) },
  }),
  async (c) =>
    c.json(
      {
        data: await recommendListings(
          c.get('deps'),
          c.get('caller')?.userId ?? null,
          c.req.valid('query').limit,
        ),
      },
      200,
    ),
);

recommendationsRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/products/{product_id}/related',
    operationId: 'listRelatedProducts',
    tags: TAGS,
    summary: 'What goes together with a product',
    request: { params: ProductId, query: RecommendationsQuery },
    responses: { 200: json(RecommendedProducts, 'Best first'), ...problems(404) },
  }),
  async (c) =>
    c.json(
      {
        data: await relatedProducts(
          c.get('deps'),
          c.req.valid('param').product_id,
          c.req.valid('query').limit,
        ),
      },
      200,
    ),
);
