/**
 * The test page of SN-37: the two demo users side by side, each with a session and a line of their own. Everything shown
 * comes from the lines or from the public API; nothing passes from one side to the other within the page.
 */
import { byId, el, money, when } from './dom.js';
import { createLine } from './line.js';

const PASSWORD = 'bourse-demo-2026';
const BUYER = 'alice@bourse.example';
const SELLER = 'bob@bourse.example';
const SHOWN_NEWS = 40;
const TYPING_EVERY_MS = 2_000;
const TYPING_ENDS_MS = 4_000;
const PLACE = { lat: 25.2048, lng: 55.2708, neighborhood: 'Downtown', city: 'Dubai' };

const about = (text) => {
  byId('about').textContent = text;
};

async function call(token, method, path, body) {
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: {
      Accept: 'application/json',
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'Idempotency-Key': crypto.randomUUID() }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.detail ?? `The server answered ${response.status}.`);
  return answer;
}

/** Somebody signed in; the access token is renewed before it runs out. */
async function signIn(email) {
  let session = await call(null, 'POST', '/auth/login', { email, password: PASSWORD });
  if (session.two_factor_required)
    throw new Error(`${email} has a second factor now; this page signs in with the demo password alone.`);
  let renewAtMs = Date.now() + session.expires_in * 800;
  const token = async () => {
    if (Date.now() >= renewAtMs) {
      session = await call(null, 'POST', '/auth/refresh', { refresh_token: session.refresh_token });
      renewAtMs = Date.now() + session.expires_in * 800;
    }
    return session.access_token;
  };
  const { user } = session;
  return { user, token, api: async (method, path, body) => call(await token(), method, path, body) };
}

/** One side of the page. */
function createPane(root, person, role) {
  const state = el('small', {}, 'connecting');
  const other = el('small', {}, '');
  const log = el('div', { class: 'log', role: 'log' });
  const typing = el('p', { class: 'typing', 'aria-live': 'polite' });
  const text = el('input', { name: 'text', maxlength: 2000, autocomplete: 'off', 'aria-label': 'Message' });
  const offers = el('div', {});
  const news = el('div', { class: 'news', role: 'log' });
  const message = el('p', { class: 'message', role: 'alert' });
  const rows = new Map();
  let conversation = null;
  let listing = null;
  let offerId = null;
  let typingTimer = null;
  let typingSentMs = 0;

  const complain = (detail) => {
    message.textContent = detail ?? '';
  };
  async function ask(frame) {
    complain();
    const answer = await line.ask(frame);
    if (answer.type === 'error') complain(answer.detail);
    return answer;
  }

  function showMessage({ seq, sender_id, message_type, content, offer_data, created_at, conversation_id }) {
    if (conversation_id !== conversation) return;
    const isMine = sender_id === person.user.id;
    const card = offer_data
      ? ` ${offer_data.status}${offer_data.price_cents === null ? '' : ` at ${money(offer_data.price_cents, offer_data.currency)}`}`
      : '';
    const ticks = el('small', {}, isMine ? ' ✓' : '');
    const row = el(
      'p',
      { class: 'said', 'data-mine': String(isMine), 'data-kind': message_type },
      `${content}${card} `,
      el('small', {}, when(created_at)),
      ticks,
    );
    rows.get(seq)?.row.remove();
    rows.set(seq, { row, ticks, isMine });
    const after = [...rows.keys()].filter((known) => known > seq).sort((a, b) => a - b)[0];
    if (after === undefined) log.append(row);
    else rows.get(after).row.before(row);
    log.scrollTop = log.scrollHeight;
  }

  function mark({ conversation_id, user_id, seq }, ticks) {
    if (conversation_id !== conversation || user_id === person.user.id) return;
    for (const [known, row] of rows)
      if (known <= seq && row.isMine && row.ticks.textContent.length < ticks.length + 1)
        row.ticks.textContent = ` ${ticks}`;
  }

  function tell(type, data) {
    const what = data.title ?? data.event ?? data.status ?? data.unread_count ?? '';
    news.prepend(el('p', {}, el('time', {}, when(new Date().toISOString())), ` ${type} ${what}`));
    while (news.children.length > SHOWN_NEWS) news.lastChild.remove();
  }

  function hear(event) {
    const { type, data = {} } = event;
    switch (type) {
      case 'reset':
        join();
        return;
      case 'conversation:joined':
        for (const one of data.messages) showMessage(one);
        for (const one of data.participants) {
          mark({ conversation_id: data.conversation_id, user_id: one.user_id, seq: one.delivered_seq }, '✓✓');
          mark({ conversation_id: data.conversation_id, user_id: one.user_id, seq: one.read_seq }, '✓✓ read');
        }
        return;
      case 'message:sent':
      case 'message:updated':
        showMessage(data);
        return;
      case 'message:new':
        showMessage(data);
        if (data.sender_id !== person.user.id && data.conversation_id === conversation)
          line.send({
            type: document.hasFocus() ? 'message:read' : 'message:delivered',
            conversation_id: conversation,
            seq: data.seq,
          });
        return;
      case 'message:delivered':
        mark(data, '✓✓');
        return;
      case 'message:read':
      case 'messages:read':
        mark(data, '✓✓ read');
        return;
      case 'typing:active':
      case 'typing:inactive':
        if (data.conversation_id === conversation && data.user_id !== person.user.id)
          typing.textContent = type === 'typing:active' ? 'typing …' : '';
        return;
      case 'user:online':
      case 'user:offline':
        other.textContent = type === 'user:online' ? 'the other is here' : 'the other is away';
        return;
      case 'connected':
      case 'done':
        return;
      default:
        tell(type, data);
        if (type.startsWith('offer:') && data.listing_id === listing?.id) {
          offerId = data.chain_id;
          showOffer();
        }
    }
  }

  const amountField = () =>
    el('input', { type: 'number', min: 1, step: 1, 'aria-label': `Amount in ${listing.currency}` });

  /** The standing offer with what this side can do to it, as the API says. */
  async function showOffer() {
    const parts = [el('p', {}, `${listing.title}, ${money(listing.price_cents, listing.currency)}`)];
    const standing = offerId === null ? null : await person.api('GET', `/offers/${offerId}`);
    const actions = standing?.allowed_actions ?? [];
    if (standing !== null)
      parts.push(el('p', {}, `${money(standing.amount_cents, standing.currency)}: ${standing.status}`));
    const respond = (action, amount) =>
      ask({
        type: 'offer:respond',
        offer_id: offerId,
        action,
        ...(amount === undefined ? {} : { amount_cents: Math.round(Number(amount) * 100) }),
      });
    const amount = amountField();
    const buttons = actions.map((action) =>
      el(
        'button',
        {
          type: 'button',
          onclick: () => respond(action, action === 'counter' ? amount.value : undefined),
        },
        action,
      ),
    );
    if (actions.includes('counter')) buttons.push(amount);
    if (
      role === 'buyer' &&
      (standing === null || !['pending', 'countered', 'accepted'].includes(standing.status))
    )
      buttons.push(
        amount,
        el(
          'button',
          {
            type: 'button',
            class: 'primary',
            onclick: () =>
              ask({
                type: 'offer:create',
                listing_id: listing.id,
                amount_cents: Math.round(Number(amount.value) * 100),
              }),
          },
          'Offer',
        ),
      );
    offers.replaceChildren(...parts, el('div', { class: 'row' }, ...buttons));
  }

  async function join() {
    if (conversation !== null) await ask({ type: 'conversation:join', conversation_id: conversation });
  }

  function stopTyping() {
    clearTimeout(typingTimer);
    typingSentMs = 0;
    line.send({ type: 'typing:stop', conversation_id: conversation });
  }
  text.addEventListener('input', () => {
    if (conversation === null) return;
    clearTimeout(typingTimer);
    typingTimer = setTimeout(stopTyping, TYPING_ENDS_MS);
    if (Date.now() - typingSentMs < TYPING_EVERY_MS) return;
    typingSentMs = Date.now();
    line.send({ type: 'typing:start', conversation_id: conversation });
  });
  const form = el(
    'form',
    {
      class: 'row',
      async onsubmit(event) {
        event.preventDefault();
        const content = text.value.trim();
        if (content === '' || conversation === null) return;
        text.value = '';
        stopTyping();
        const answer = await ask({
          type: 'message:send',
          conversation_id: conversation,
          content,
          client_id: crypto.randomUUID(),
        });
        if (answer.type === 'error') text.value = content;
      },
    },
    text,
    el('button', { type: 'submit', class: 'primary' }, 'Send'),
  );

  root.replaceChildren(
    el('div', { class: 'pane-head' }, el('h2', {}, `${person.user.username}, ${role}`), other, state),
    log,
    typing,
    form,
    offers,
    message,
    news,
    el(
      'div',
      { class: 'row' },
      el('button', { type: 'button', onclick: () => line.cut() }, 'Cut this line'),
      el('small', {}, 'It comes back by itself and brings what was missed.'),
    ),
  );
  const line = createLine({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/ws`,
    token: person.token,
    onEvent: hear,
    onState: (now) => {
      state.textContent = now;
      if (now === 'connected') join();
    },
  });
  return {
    async show(nextListing, conversationId) {
      listing = nextListing;
      conversation = conversationId;
      offerId = null;
      rows.clear();
      log.replaceChildren();
      await Promise.all([join(), showOffer()]);
    },
  };
}

async function putUp(seller) {
  const categories = await call(null, 'GET', '/categories');
  return seller.api('POST', '/listings', {
    title: `Brass lamp ${new Date().toLocaleTimeString()}`,
    description: 'A lamp to haggle over.',
    price_cents: 45_000,
    currency: 'AED',
    category_id: categories.data.at(-1).id,
    condition: 'good',
    channel: 'community',
    location: PLACE,
    offer_feed: 'first_name',
  });
}

async function start() {
  const { demo } = await call(null, 'GET', '/meta');
  if (!demo) {
    about('The demo users exist in a local demo only: run npm start.');
    return;
  }
  const [buyer, seller] = await Promise.all([signIn(BUYER), signIn(SELLER)]);
  const panes = [createPane(byId('buyer'), buyer, 'buyer'), createPane(byId('seller'), seller, 'seller')];
  async function begin() {
    const listing = await putUp(seller);
    const { id } = await buyer.api('POST', '/conversations', {
      other_user_id: seller.user.id,
      listing_id: listing.id,
      initial_message: 'Hello! Is it still there?',
    });
    await Promise.all(panes.map((pane) => pane.show(listing, id)));
    about(
      `Both look at "${listing.title}". Write, offer, counter, accept: each side hears of it over its own line.`,
    );
  }
  byId('fresh').addEventListener('click', () => begin().catch((error) => about(error.message)));
  await begin();
}

start().catch((error) => about(error.message));
