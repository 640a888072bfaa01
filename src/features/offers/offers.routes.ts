import { createRoute, type z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { OFFER_LIFE_MS, type OfferAnswer, type OfferType } from '../../domain/offers/offer.ts';
import { mutation, party, signedIn } from '../../http/access.ts';
import { callerIn } from '../../http/auth.ts';
import { type AppEnv, createRoutes } from '../../http/factory.ts';
import { json, jsonBody, problems } from '../../http/openapi.ts';
import {
  listMyOffers,
  listOffersOnListing,
  type OfferPageRequest,
  sidesAsked,
  surroundingsOf,
} from './offer-lists.usecases.ts';
import { lifeOf, priceOf } from './offer-terms.ts';
import { presentHistory, presentMove, presentOffer } from './offers.presenter.ts';
import {
  AnswerBody,
  BuyBody,
  ConversationId,
  CounterBody,
  ListingId,
  ListingOfferBody,
  ListingOfferPage,
  ListingOffersQuery,
  OfferAnswerView,
  OfferBody,
  OfferDetail,
  OfferId,
  OfferPage,
  OffersQuery,
  type OfferTerms,
  ProductId,
  SwapBody,
} from './offers.schemas.ts';
import {
  createOffer,
  createOfferInConversation,
  getOffer,
  getOfferPast,
  type NewOffer,
  type OfferOfCaller,
  respondToOffer,
} from './offers.usecases.ts';

const TAGS = ['Offers'];
const OPENING_PROBLEMS = problems(400, 401, 403, 404, 409, 413, 415);
const CREATED = { 201: json(OfferAnswerView, 'The offer'), ...OPENING_PROBLEMS };

export const offersRoutes = createRoutes();

/** Events of what was just done are sent at once; what this hint loses, the cron sends. */
function sendEventsSoon(c: Context<AppEnv>): void {
  c.executionCtx.waitUntil(c.get('deps').outbox.drain());
}

async function presentAnswer(
  c: Context<AppEnv>,
  offer: OfferOfCaller,
): Promise<z.infer<typeof OfferAnswerView>> {
  const surroundings = await surroundingsOf(c.get('deps'), [offer.row]);
  return { ...presentOffer(offer, surroundings), offers_left: offer.offersLeft };
}

/** What a body asks for, as a use case takes it. */
function newOffer(c: Context<AppEnv>, listingId: string, terms: OfferTerms, type?: OfferType): NewOffer {
  const swapListingIds = terms.swap_listing_ids ?? [];
  const kind = type ?? terms.type ?? (swapListingIds.length > 0 ? 'swap' : 'offer');
  return {
    listingId,
    type: kind,
    amountCents: kind === 'swap' ? (terms.cash_adjust_cents ?? priceOf(terms)) : priceOf(terms),
    swapListingIds,
    message: terms.message ?? null,
    lifeMs: lifeOf(terms, c.get('deps').now()) ?? OFFER_LIFE_MS,
    clientId: terms.client_id,
    correlationId: c.get('requestId'),
  };
}

const create = async (c: Context<AppEnv>, offer: NewOffer) =>
  created(c, await createOffer(c.get('deps'), callerIn(c), offer));

async function created(c: Context<AppEnv>, made: OfferOfCaller) {
  sendEventsSoon(c);
  const body = await presentAnswer(c, made);
  return c.json(body, 201, { Location: `/api/v1/offers/${made.row.id}` });
}

/** The address of SW-10 ends in a slash. */
for (const [path, operationId] of [
  ['/offers', 'createOffer'],
  ['/offers/', 'createOfferWithSlash'],
] as const) {
  offersRoutes.openapi(
    createRoute({
      ...mutation(signedIn),
      method: 'post',
      path,
      operationId,
      tags: TAGS,
      summary: 'Make an offer on a listing: less than it asks, its price, or a swap',
      request: { body: jsonBody(OfferBody) },
      responses: CREATED,
    }),
    async (c) => {
      const { listing_id, product_id, ...terms } = c.req.valid('json');
      return create(c, newOffer(c, (listing_id ?? product_id)!, terms));
    },
  );
}

offersRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/listings/{listing_id}/offers',
    operationId: 'createOfferOnListing',
    tags: TAGS,
    summary: 'Make an offer on this listing',
    request: { params: ListingId, body: jsonBody(ListingOfferBody) },
    responses: CREATED,
  }),
  async (c) => create(c, newOffer(c, c.req.valid('param').listing_id, c.req.valid('json'))),
);

offersRoutes.openapi(
  createRoute({
    ...mutation(party),
    method: 'post',
    path: '/conversations/{conversation_id}/offers',
    operationId: 'createOfferInConversation',
    tags: TAGS,
    summary: 'Make an offer in the conversation about a listing: as its buyer, or as its lister to who asked',
    request: { params: ConversationId, body: jsonBody(ListingOfferBody) },
    responses: CREATED,
  }),
  async (c) => {
    const { conversation_id } = c.req.valid('param');
    const { listingId: _, ...offer } = newOffer(c, '', c.req.valid('json'));
    return created(c, await createOfferInConversation(c.get('deps'), callerIn(c), conversation_id, offer));
  },
);

offersRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/listings/{listing_id}/swap-offers',
    operationId: 'proposeSwap',
    tags: TAGS,
    summary: 'Offer listings of yours in exchange, with cash either way if you like',
    request: { params: ListingId, body: jsonBody(SwapBody) },
    responses: CREATED,
  }),
  async (c) => create(c, newOffer(c, c.req.valid('param').listing_id, c.req.valid('json'), 'swap')),
);

offersRoutes.openapi(
  createRoute({
    ...mutation(signedIn),
    method: 'post',
    path: '/listings/{listing_id}/buy',
    operationId: 'buyListing',
    tags: TAGS,
    summary: 'Buy at the asking price: the listing is yours to pay, without another yes of its seller',
    request: { params: ListingId, body: jsonBody(BuyBody) },
    responses: CREATED,
  }),
  async (c) => {
    const { message } = c.req.valid('json');
    const offer = newOffer(c, c.req.valid('param').listing_id, { message }, 'direct_buy');
    return create(c, { ...offer, isBought: true });
  },
);

const pageRequest = ({
  status,
  limit,
  per_page,
  cursor,
  page = 1,
}: Omit<z.infer<typeof OffersQuery>, 'as_buyer' | 'as_seller'>): OfferPageRequest => {
  const rows = per_page ?? limit;
  return { statuses: status ?? null, limit: rows, cursor, offset: cursor ? 0 : (page - 1) * rows };
};

offersRoutes.openapi(
  createRoute({
    ...signedIn,
    method: 'get',
    path: '/offers',
    operationId: 'listOffers',
    tags: TAGS,
    summary: 'Your offers, made and received, newest first',
    request: { query: OffersQuery },
    responses: { 200: json(OfferPage, 'A page of offers'), ...problems(401) },
  }),
  async (c) => {
    const { as_buyer, as_seller, ...query } = c.req.valid('query');
    const { offers, surroundings, nextCursor } = await listMyOffers(
      c.get('deps'),
      callerIn(c).userId,
      sidesAsked(as_buyer, as_seller),
      pageRequest(query),
    );
    return c.json(
      { data: offers.map((offer) => presentOffer(offer, surroundings)), next_cursor: nextCursor },
      200,
    );
  },
);

async function offersOnListing(
  c: Context<AppEnv>,
  listingId: string,
  query: z.infer<typeof ListingOffersQuery>,
) {
  const { offers, surroundings, moves, nextCursor } = await listOffersOnListing(
    c.get('deps'),
    listingId,
    callerIn(c).userId,
    pageRequest(query),
  );
  const data = offers.map((offer) => ({
    ...presentOffer(offer, surroundings),
    moves: (moves.get(offer.row.id) ?? []).map(presentMove),
  }));
  return c.json({ data, next_cursor: nextCursor }, 200);
}
const ON_LISTING = {
  200: json(ListingOfferPage, 'A page of offers with their moves'),
  ...problems(401, 404),
};

offersRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/listings/{listing_id}/offers',
    operationId: 'listOffersOnListing',
    tags: TAGS,
    summary: 'The offers on a listing of yours, with every move, newest first',
    request: { params: ListingId, query: ListingOffersQuery },
    responses: ON_LISTING,
  }),
  async (c) => offersOnListing(c, c.req.valid('param').listing_id, c.req.valid('query')),
);

offersRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/products/{product_id}/offers',
    operationId: 'listOffersOnProduct',
    tags: TAGS,
    summary: 'The same by the address of SL-13; it takes the id of a listing',
    request: { params: ProductId, query: ListingOffersQuery },
    responses: ON_LISTING,
  }),
  async (c) => offersOnListing(c, c.req.valid('param').product_id, c.req.valid('query')),
);

offersRoutes.openapi(
  createRoute({
    ...party,
    method: 'get',
    path: '/offers/{offer_id}',
    operationId: 'getOffer',
    tags: TAGS,
    summary: 'An offer with its moves and its history, for its two parties',
    request: { params: OfferId },
    responses: { 200: json(OfferDetail, 'The offer'), ...problems(401, 404) },
  }),
  async (c) => {
    const deps = c.get('deps');
    const offer = await getOffer(deps, c.req.valid('param').offer_id, callerIn(c));
    const { moves, history } = await getOfferPast(deps, offer.row.id);
    return c.json(
      {
        ...(await presentAnswer(c, offer)),
        moves: moves.map(presentMove),
        history: history.map(presentHistory),
      },
      200,
    );
  },
);

/** The words of both references; each by both verbs (C.12, 10). */
const ANSWERS: readonly { word: string; action: Exclude<OfferAnswer, 'counter'>; summary: string }[] = [
  {
    word: 'accept',
    action: 'accept',
    summary: 'Accept what the other side asks: the listing is reserved, and an order waits to be paid',
  },
  { word: 'decline', action: 'decline', summary: 'Say no to what the other side asks' },
  { word: 'reject', action: 'decline', summary: 'Another word for decline' },
  { word: 'withdraw', action: 'withdraw', summary: 'Take back what you asked last' },
  { word: 'cancel', action: 'withdraw', summary: 'Another word for withdraw' },
];
const operationOf = (word: string, method: string): string =>
  `${word}Offer${method === 'post' ? '' : 'ByPatch'}`;
const ANSWERED = {
  200: json(OfferAnswerView, 'The offer as it is now'),
  ...problems(401, 403, 404, 409, 413, 415),
};

for (const method of ['post', 'patch'] as const) {
  for (const { word, action, summary } of ANSWERS) {
    offersRoutes.openapi(
      createRoute({
        ...mutation(party),
        method,
        path: `/offers/{offer_id}/${word}`,
        operationId: operationOf(word, method),
        tags: TAGS,
        summary,
        request: {
          params: OfferId,
          body: { content: { 'application/json': { schema: AnswerBody } }, required: false },
        },
        responses: ANSWERED,
      }),
      async (c) => {
        const { offer_id: offerId } = c.req.valid('param');
        const offer = await respondToOffer(c.get('deps'), callerIn(c), {
          offerId,
          action,
          message: c.req.valid('json')?.message ?? null,
          correlationId: c.get('requestId'),
        });
        sendEventsSoon(c);
        return c.json(await presentAnswer(c, offer), 200);
      },
    );
  }
  offersRoutes.openapi(
    createRoute({
      ...mutation(party),
      method,
      path: '/offers/{offer_id}/counter',
      operationId: operationOf('counter', method),
      tags: TAGS,
      summary: 'Ask for an amount strictly between the two that stand; the other side is to answer',
      request: { params: OfferId, body: jsonBody(CounterBody) },
      responses: { ...ANSWERED, ...problems(400) },
    }),
    async (c) => {
      const { offer_id: offerId } = c.req.valid('param');
      const body = c.req.valid('json');
      const deps = c.get('deps');
      const offer = await respondToOffer(deps, callerIn(c), {
        offerId,
        action: 'counter',
        amountCents: body.cash_adjust_cents ?? priceOf(body) ?? undefined,
        message: body.message ?? null,
        lifeMs: lifeOf(body, deps.now()) ?? OFFER_LIFE_MS,
        correlationId: c.get('requestId'),
      });
      sendEventsSoon(c);
      return c.json(await presentAnswer(c, offer), 200);
    },
  );
}
