/**
 * Two hundred real negotiations, replayed as two users each: one of them over sockets, the other one over REST. Every
 * message arrives once and in order on both sides, every offer ends as it did, and every agreement has its order.
 */
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { openConversation } from '../../src/features/conversations/open-conversation.ts';
import type { MessageView } from '../../src/wire/chat.ts';
import { bodyOf, request, signUp, type TestUser } from '../support/accounts.ts';
import { deps } from '../support/book-object.ts';
import { device } from '../support/channels.ts';
import { chatDevice, chatHeard, dataOf, withoutHaste } from '../support/conversations.ts';
import { allDone } from '../support/domain-events.ts';
import { answer, listed, offersOf, type TestOffer } from '../support/offers.ts';
import { readOrder } from '../support/purchases.ts';
import type { TestSocket } from '../support/sockets.ts';

type Side = 'buyer' | 'seller';
interface Turn {
  from: Side;
  kind: 'message' | 'offer' | 'accept' | 'reject' | 'quit';
  text?: string;
  price?: number | null;
}
interface Dialogue {
  id: string;
  title: string;
  listPrice: number;
  clean: boolean;
  agreed: boolean;
  agreedPrice: number | null;
  turns: Turn[];
}

const DIALOGUES = env.TEST_NEGOTIATIONS.split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Dialogue);
const PAGE = 25;
const AT_ONCE = 5;
const PAGES = Array.from({ length: Math.ceil(DIALOGUES.length / PAGE) }, (_, page) => page);

let people: Record<Side, TestUser[]>;
beforeAll(async () => {
  const crowd = (side: Side) =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, n) => signUp(`${side}-of-old-${n}`)));
  people = { buyer: await crowd('buyer'), seller: await crowd('seller') };
});

const centsOf = (dollars: number): number => Math.round(dollars * 100);

/** One dialogue as it is replayed. */
class Replay {
  readonly said: string[] = [];
  /** What the two have agreed on so far, told by hand: who asked last for how much. */
  standing: { by: Side; cents: number } | null = null;
  ended: string | null = null;
  offer: TestOffer | null = null;
  private readonly users: Record<Side, TestUser>;
  private readonly live: Side;
  private readonly lines: Record<'chat' | 'own', TestSocket>;
  private readonly listing: { id: string; priceCents: number };
  private readonly conversationId: string;

  constructor(
    users: Record<Side, TestUser>,
    live: Side,
    lines: Record<'chat' | 'own', TestSocket>,
    listing: { id: string; priceCents: number },
    conversationId: string,
  ) {
    this.users = users;
    this.live = live;
    this.lines = lines;
    this.listing = listing;
    this.conversationId = conversationId;
  }

  async take({ from, kind, text, price }: Turn): Promise<void> {
    if (kind === 'message') await this.say(from, text!);
    else if (kind === 'offer') await this.ask(from, price ?? null);
    else if (kind === 'quit') await this.leave(from);
    else await this.reply(from, kind);
  }

  private async say(from: Side, text: string): Promise<void> {
    this.said.push(text.trim());
    if (from === this.live) {
      const answered = await this.lines.chat.ask({ type: 'message:send', content: text });
      expect(answered.type).toBe('message:sent');
      return;
    }
    const path = `/api/v1/conversations/${this.conversationId}/messages`;
    const response = await request(path, { token: this.users[from].token, json: { content: text } });
    expect(response.status).toBe(201);
  }

  private async ask(from: Side, price: number | null): Promise<void> {
    const cents = price === null ? null : centsOf(price);
    if (this.standing?.by === from) await this.leave(from);
    if (this.standing !== null) {
      const isBetween =
        cents !== null &&
        (from === 'seller' ? cents > this.standing.cents : cents < this.standing.cents) &&
        cents < this.listing.priceCents;
      const taken = await this.answer(from, 'counter', cents);
      expect(taken).toBe(isBetween);
      // To ask for what the other one asks is to agree.
      if (cents === this.standing.cents) await this.reply(from, 'accept');
      else if (isBetween) this.standing = { by: from, cents };
      return;
    }
    if (cents === null) {
      expect(await this.open(from, {})).toBe(422);
      return;
    }
    // Nobody offers more than is asked: the lister asks for more first, as the two had agreed to.
    if (cents > this.listing.priceCents) {
      expect(await this.open(from, { price_cents: cents })).toBe(422);
      await this.raiseTo(cents);
    }
    const type = from === 'buyer' && cents === this.listing.priceCents ? 'direct_buy' : 'offer';
    expect(await this.open(from, { type, price_cents: cents })).toBe(201);
    this.standing = { by: from, cents };
    this.ended = null;
  }

  private async raiseTo(cents: number): Promise<void> {
    const response = await request(`/api/v1/listings/${this.listing.id}`, {
      method: 'PATCH',
      token: this.users.seller.token,
      json: { price_cents: cents },
      headers: { 'If-Match': '*' },
    });
    expect(response.status, await response.text()).toBe(200);
    this.listing.priceCents = cents;
  }

  /** Over the user's own line where it can be, else over REST; answers the status of REST. */
  private async open(from: Side, json: { type?: string; price_cents?: number }): Promise<number> {
    if (from === 'buyer' && this.live === 'buyer') {
      const { type, price_cents } = json;
      const frame = await this.lines.own.ask({
        type: 'offer:create',
        listing_id: this.listing.id,
        ...(type === undefined ? {} : { offer_type: type }),
        ...(price_cents === undefined ? {} : { amount_cents: price_cents }),
      });
      if (frame.type === 'error') return 422;
      expect(frame.type).toBe('offer:created');
      await this.readBack();
      return 201;
    }
    const path = `/api/v1/conversations/${this.conversationId}/offers`;
    const response = await request(path, { token: this.users[from].token, json });
    if (response.status === 201) this.offer = await bodyOf<TestOffer>(response);
    return response.status;
  }

  private async readBack(): Promise<void> {
    const { data } = await offersOf(this.users.buyer, '?as_buyer=true&limit=10');
    this.offer = data.find(({ listing_id }) => listing_id === this.listing.id)!;
  }

  /** True when it was taken. */
  private async answer(from: Side, action: string, cents: number | null = null): Promise<boolean> {
    if (from === this.live) {
      const frame = await this.lines.own.ask({
        type: 'offer:respond',
        offer_id: this.offer!.id,
        action,
        ...(cents === null ? {} : { amount_cents: cents }),
      });
      expect(['offer:responded', 'error']).toContain(frame.type);
      return frame.type === 'offer:responded';
    }
    const json = cents === null ? {} : { price_cents: cents };
    const response = await answer(this.offer!, action, this.users[from], json);
    expect(response.status).toBeLessThan(500);
    return response.status === 200;
  }

  private async reply(from: Side, kind: 'accept' | 'reject'): Promise<void> {
    if (this.offer === null) return;
    const isTheirs = this.standing !== null && this.standing.by !== from;
    const taken = await this.answer(from, kind);
    // Who has accepted and says so again has the same answer.
    if (isTheirs) expect(taken).toBe(true);
    if (!isTheirs) return;
    this.ended = kind === 'accept' ? 'accepted' : 'declined';
    this.standing = null;
  }

  private async leave(from: Side): Promise<void> {
    if (this.standing === null) return;
    const action = this.standing.by === from ? 'withdraw' : 'decline';
    expect(await this.answer(from, action)).toBe(true);
    this.ended = action === 'withdraw' ? 'withdrawn' : 'declined';
    this.standing = null;
  }
}

/** What a dialogue came to. */
interface Outcome {
  status: string | null;
  amountCents: number | null;
  hasOrder: boolean;
}

async function replay(dialogue: Dialogue, users: Record<Side, TestUser>, live: Side): Promise<Outcome> {
  const listing = await listed(users.seller, {
    title: dialogue.title,
    channel: 'discover',
    priceCents: centsOf(dialogue.listPrice),
    currency: 'USD',
  });
  const { conversation } = await openConversation(deps, {
    callerId: users.buyer.userId,
    otherUserId: users.seller.userId,
    context: { type: 'listing', id: listing.id },
    sellerId: users.seller.userId,
  });
  await withoutHaste(conversation.id);
  const path = `/api/v1/conversations/${conversation.id}`;
  const deviceOf = (side: Side) => chatDevice({ path } as Parameters<typeof chatDevice>[0], users[side]);
  const chats = { buyer: await deviceOf('buyer'), seller: await deviceOf('seller') };
  const own = await device(users[live]);
  const story = new Replay(
    users,
    live,
    { chat: chats[live], own },
    { id: listing.id, priceCents: listing.priceCents },
    conversation.id,
  );
  for (const turn of dialogue.turns) await story.take(turn);

  for (const side of ['buyer', 'seller'] as const) {
    const heard = (await chatHeard(chats[side]))
      .filter(({ type }) => type === 'message:new' || type === 'message:sent')
      .map((frame) => dataOf<MessageView>(frame));
    const page = await bodyOf<{ data: MessageView[] }>(
      await request(`${path}/messages?limit=100`, { token: users[side].token }),
    );
    const stored = page.data.reverse();
    const texts = (views: readonly MessageView[]) =>
      views.filter(({ message_type }) => message_type === 'text').map(({ content }) => content);
    expect(texts(stored), dialogue.id).toEqual(story.said);
    // What the devices heard is what is stored, each once and in its place.
    const bySeq = new Map(heard.map((view) => [view.seq, view.content]));
    expect([...bySeq.keys()].sort((a, b) => a - b)).toEqual(stored.map(({ seq }) => seq));
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
    expect(stored.map(({ seq, content }) => bySeq.get(seq) === content)).toEqual(stored.map(() => true));
    chats[side].close();
  }
  own.close();
  if (story.offer === null) return { status: null, amountCents: null, hasOrder: false };
  const { data } = await offersOf(users.buyer, '?as_buyer=true&limit=10');
  const last = data.find(({ listing_id }) => listing_id === listing.id)!;
  expect(last.status, dialogue.id).toBe(story.ended ?? (last.round === 1 ? 'pending' : 'countered'));
  if (last.order_id !== null)
    expect(await readOrder(last.order_id, users.buyer)).toMatchObject({
      source: 'offer',
      status: 'pending',
      total_cents: last.amount_cents,
    });
  return { status: last.status, amountCents: last.amount_cents, hasOrder: last.order_id !== null };
}

describe.skipIf(DIALOGUES.length === 0)('real negotiations', () => {
  it.each(PAGES)('page %i goes as it went', { timeout: 240_000 }, async (page) => {
    const dialogues = DIALOGUES.slice(page * PAGE, (page + 1) * PAGE);
    for (let start = 0; start < dialogues.length; start += AT_ONCE)
      await Promise.all(
        dialogues.slice(start, start + AT_ONCE).map(async (dialogue, lane) => {
          const users = { buyer: people.buyer[lane]!, seller: people.seller[lane]! };
          const live: Side = (start / AT_ONCE + lane) % 2 === 0 ? 'buyer' : 'seller';
          const outcome = await replay(dialogue, users, live);
          if (!dialogue.clean) return;
          const prices = dialogue.turns.flatMap(({ price }) => (price == null ? [] : [centsOf(price)]));
          expect(outcome, dialogue.id).toEqual({
            status: dialogue.agreed ? 'accepted' : 'declined',
            amountCents: dialogue.agreed ? centsOf(dialogue.agreedPrice!) : prices.at(-1),
            hasOrder: dialogue.agreed,
          });
        }),
      );
    // What follows from the offers is done before the next page begins.
    await allDone();
  });
});
