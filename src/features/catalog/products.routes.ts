import { createRoute } from '@hono/zod-openapi';
import { anyone, mutation, open, permitted } from '../../http/access.ts';
import { isUnchanged } from '../../http/etag.ts';
import { createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import { auditedActor } from '../audit/audit.statements.ts';
import { rememberView } from '../discovery/interactions.usecases.ts';
import { presentListItem, presentProduct } from './catalog.presenter.ts';
import {
  IfMatch,
  IfNoneMatch,
  NewProduct,
  ProductAnswer,
  ProductChanges,
  ProductId,
  ProductPage,
  ProductsQuery,
  SearchPage,
  SearchQuery,
} from './catalog.schemas.ts';
import {
  browseProducts,
  changeProduct,
  createProduct,
  getProduct,
  type ProductPage as Page,
  productTag,
  type WholeProduct,
} from './products.usecases.ts';
import { search } from './search.usecases.ts';

const present = ({ product, sizes, images }: WholeProduct) => presentProduct(product, sizes, images);

const presentPage = ({ rows, images, nextCursor }: Page) => ({
  data: rows.map((row) => presentListItem(row, images.get(row.id))),
  next_cursor: nextCursor,
});

export const productsRoutes = createRoutes();

productsRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'post',
    path: '/products',
    operationId: 'createProduct',
    tags: ['Catalogue'],
    summary: 'Add a product',
    request: { body: jsonBody(NewProduct) },
    responses: { 201: json(ProductAnswer, 'The product'), ...problems(400, 401, 403, 409, 413, 415) },
  }),
  async (c) => {
    const whole = await createProduct(c.get('deps'), c.req.valid('json'), auditedActor(c));
    return c.json(present(whole), 201, {
      ETag: productTag(whole),
      Location: `/api/v1/products/${whole.product.id}`,
    });
  },
);

productsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/products',
    operationId: 'listProducts',
    tags: ['Catalogue'],
    summary: 'Browse the catalogue',
    request: { query: ProductsQuery },
    responses: { 200: json(ProductPage, 'One page'), ...problems(401, 403) },
  }),
  async (c) =>
    c.json(presentPage(await browseProducts(c.get('deps'), c.req.valid('query'), c.get('caller'))), 200),
);

// Before /products/{product_id}, which would take "search" for an id.
productsRoutes.openapi(
  createRoute({
    ...open,
    method: 'get',
    path: '/products/search',
    operationId: 'searchProducts',
    tags: ['Catalogue'],
    summary: 'Search name, model, brand, SKU and colourway',
    description:
      'Ranked by where the words are found, the name first. Letters match whatever their case or accents.',
    request: { query: SearchQuery },
    responses: { 200: json(SearchPage, 'One page, best hits first, with facets'), ...problems() },
  }),
  async (c) => {
    const page = await search(c.get('deps'), c.req.valid('query'));
    return c.json(
      { ...presentPage(page), facets: { brands: page.brands, categories: page.categories } },
      200,
    );
  },
);

productsRoutes.openapi(
  createRoute({
    ...anyone,
    method: 'get',
    path: '/products/{product_id}',
    operationId: 'getProduct',
    tags: ['Catalogue'],
    summary: 'Read a product with its sizes and images',
    request: { params: ProductId, headers: IfNoneMatch },
    responses: {
      200: json(ProductAnswer, 'The product'),
      304: { description: 'The copy you have is current' },
      ...problems(401, 404),
    },
  }),
  async (c) => {
    const whole = await getProduct(c.get('deps'), c.req.valid('param').product_id, c.get('caller'));
    rememberView(c, whole.product.id);
    const headers = { ETag: productTag(whole), 'Cache-Control': 'no-cache' };
    if (isUnchanged(c.req.valid('header')['if-none-match'], headers.ETag)) return c.body(null, 304, headers);
    return c.json(present(whole), 200, headers);
  },
);

productsRoutes.openapi(
  createRoute({
    ...mutation(permitted('catalog.manage')),
    method: 'patch',
    path: '/products/{product_id}',
    operationId: 'changeProduct',
    tags: ['Catalogue'],
    summary: 'Change a product',
    description: 'Products are hidden, never deleted: their books and sales refer to them.',
    request: {
      params: ProductId,
      headers: IfMatch,
      body: jsonBody(ProductChanges),
    },
    responses: {
      200: json(ProductAnswer, 'The product as changed'),
      ...problems(400, 401, 403, 404, 409, 412, 413, 415, 428),
    },
  }),
  async (c) => {
    const whole = await changeProduct(
      c.get('deps'),
      c.req.valid('param').product_id,
      c.req.valid('header')['if-match'],
      c.req.valid('json'),
      auditedActor(c),
    );
    return c.json(present(whole), 200, { ETag: productTag(whole) });
  },
);
