/** The souk: the feeds of shops and of neighbours, and the thing that is chosen. */
import { change, get, getMine, onUser, resumeSession } from './api.js';
import { byId, dateOf, el, money } from './dom.js';
import { createSignIn } from './sign-in.js';

const PAGE = 24;
const SEARCH_DELAY_MS = 200;
/** Places to look around, until one is known better than its neighbours. */
const PLACES = {
  'Dubai Marina': [25.08, 55.14],
  'Downtown Dubai': [25.197, 55.274],
  Deira: [25.271, 55.307],
  Mirdif: [25.217, 55.419],
  'Sharjah, Al Majaz': [25.329, 55.384],
  'Abu Dhabi, Al Reem': [24.496, 54.406],
};
const CONDITIONS = { new: 'New', like_new: 'Like new', good: 'Good', fair: 'Fair', poor: 'Poor' };

const signIn = createSignIn();
const filters = byId('filters');
const list = byId('things');
const note = byId('note');
const more = byId('more');
const shown = byId('listing');
/** Counts the questions asked, so that a late answer to an old one is dropped. */
let asked = 0;
let nextPath = null;

const chosenId = () => /^#\/(lst_\w+)$/.exec(location.hash)?.[1] ?? null;

// ---- The feeds ----

function feedPath() {
  const { feed, q, category, sort, place, radius } = Object.fromEntries(new FormData(filters));
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (category) query.set('category', category);
  if (feed === 'community') {
    const [lat, lng] = PLACES[place];
    query.set('lat', String(lat));
    query.set('lng', String(lng));
    query.set('radius_km', radius);
  } else query.set('sort', sort);
  if (!/[\p{L}\p{N}]/u.test(q)) return `/feed/${feed}?${query}`;
  query.set('q', q.trim());
  query.set('channel', feed);
  query.set('sort', feed === 'community' ? 'nearest' : sort);
  return `/listings?${query}`;
}

const placeOf = ({ distance_label, location }) =>
  [location?.neighborhood || location?.city, distance_label].filter(Boolean).join(' · ');

function card(listing) {
  const small = listing.photo?.variants[0];
  return el(
    'li',
    {},
    el(
      'a',
      { href: `#/${listing.id}`, 'data-listing': listing.id, 'aria-current': chosenId() === listing.id },
      small
        ? el('img', { src: small.url, alt: listing.photo.alt, width: 320, height: 240, loading: 'lazy' })
        : el('div', { class: 'no-picture' }),
      el('span', { class: 'brand' }, placeOf(listing) || listing.category.name),
      el('strong', {}, listing.title),
      el(
        'span',
        { class: 'quiet' },
        `${money(listing.price_cents, listing.currency)} · ${CONDITIONS[listing.condition]}`,
      ),
    ),
  );
}

async function showPage(path, isFirst) {
  asked += 1;
  const question = asked;
  try {
    const page = await get(path);
    if (question !== asked) return;
    const cards = page.data.map(card);
    if (isFirst) list.replaceChildren(...cards);
    else list.append(...cards);
    nextPath = page.next_cursor && `${path.replace(/&cursor=.*/, '')}&cursor=${page.next_cursor}`;
    note.textContent =
      list.childElementCount === 0 ? 'There is nothing here now. Look further, or elsewhere.' : '';
  } catch (error) {
    if (question !== asked) return;
    nextPath = null;
    note.textContent = error.message;
  }
  more.hidden = !nextPath;
}

function applyFilters() {
  const { value: feed } = filters.elements.feed;
  for (const label of filters.querySelectorAll('[data-feed]')) label.hidden = label.dataset.feed !== feed;
  return showPage(feedPath(), true);
}

async function showCategories() {
  const { data } = await get('/categories').catch(() => ({ data: [] }));
  filters.elements.category.append(
    ...data.map(({ slug, name, depth }) => el('option', { value: slug }, `${'\u2003'.repeat(depth)}${name}`)),
  );
}

// ---- One thing ----

function gallery(photos) {
  if (photos.length === 0) return el('div', { class: 'gallery' }, el('div', { class: 'no-picture' }));
  const first = photos.find(({ primary }) => primary) ?? photos[0];
  const large = el('img', { src: first.variants.at(-1).url, alt: first.alt, width: 1200, height: 900 });
  const thumbs = photos.map((photo) =>
    el(
      'button',
      {
        type: 'button',
        'aria-pressed': String(photo === first),
        'aria-label': photo.alt || 'Photo',
        onclick(event) {
          large.src = photo.variants.at(-1).url;
          large.alt = photo.alt;
          for (const thumb of thumbs)
            thumb.setAttribute('aria-pressed', String(thumb === event.currentTarget));
        },
      },
      el('img', { src: photo.variants[0].url, alt: '', width: 88, height: 66, loading: 'lazy' }),
    ),
  );
  return el(
    'div',
    { class: 'gallery' },
    large,
    photos.length > 1 ? el('div', { class: 'thumbs' }, ...thumbs) : null,
  );
}

/** Asks for a price below the one that stands, or takes it as it is. */
function haggle(listing) {
  const can = (action) => listing.allowed_actions.includes(action);
  const message = el('p', { class: 'message', role: 'alert' });
  const tell = (text, kind) => {
    message.textContent = text;
    message.dataset.kind = kind;
  };
  const run = async (work, done) => {
    try {
      await work();
      tell(done, 'good');
    } catch (error) {
      tell(error.message, 'bad');
    }
  };
  if (listing.status !== 'active') return el('p', { class: 'quiet' }, `It is ${listing.status}.`);
  if (can('edit')) return el('p', { class: 'quiet' }, 'This is yours.');
  if (!can('buy'))
    return el(
      'button',
      { type: 'button', class: 'primary', onclick: signIn.open },
      'Sign in to buy or make an offer',
    );
  const offer = el(
    'form',
    {
      class: 'haggle',
      onsubmit(event) {
        event.preventDefault();
        const price_cents = Math.round(Number(new FormData(event.target).get('amount')) * 100);
        run(
          () => change('POST', '/offers', { listing_id: listing.id, price_cents }),
          'Your offer is with the seller, for 24 hours.',
        );
      },
    },
    el(
      'label',
      {},
      el('span', {}, `Your offer in ${listing.currency}`),
      el('input', { name: 'amount', type: 'number', min: '0.01', step: '0.01', required: true }),
    ),
    el('button', { type: 'submit' }, 'Make an offer'),
  );
  return el(
    'div',
    {},
    can('make_offer') ? offer : null,
    el('p', {}),
    el(
      'button',
      {
        type: 'button',
        class: 'primary',
        onclick: () =>
          run(
            () => change('POST', `/listings/${listing.id}/buy`, {}),
            'It is reserved for you. Pay for the order within 24 hours.',
          ),
      },
      `Buy it for ${money(listing.price_cents, listing.currency)}`,
    ),
    message,
  );
}

function showListing(listing) {
  const [latest] = listing.price_history;
  shown.replaceChildren(
    gallery(listing.photos),
    el(
      'div',
      { class: 'about-thing' },
      el('h2', {}, listing.title),
      el(
        'p',
        { class: 'price' },
        money(listing.price_cents, listing.currency),
        latest && latest.from_cents > latest.to_cents
          ? el('span', { class: 'quiet gone' }, ` ${money(latest.from_cents, listing.currency)}`)
          : null,
      ),
      el(
        'p',
        { class: 'quiet' },
        [
          CONDITIONS[listing.condition],
          listing.category.name,
          [listing.location?.neighborhood, listing.location?.city].filter(Boolean).join(', '),
          `seen ${listing.views} ${listing.views === 1 ? 'time' : 'times'}`,
        ]
          .filter(Boolean)
          .join(' · '),
      ),
      el('p', {}, listing.description),
      el('ul', { class: 'tags' }, ...listing.tags.map((tag) => el('li', {}, tag))),
      el(
        'p',
        { class: 'quiet' },
        `From ${listing.seller.display_name}${listing.listed_at ? `, since ${dateOf(listing.listed_at)}` : ''}`,
      ),
      haggle(listing),
    ),
  );
}

async function openChosen() {
  const id = chosenId();
  for (const link of list.querySelectorAll('a'))
    link.toggleAttribute('aria-current', link.dataset.listing === id);
  shown.hidden = id === null;
  if (id === null) return;
  try {
    const listing = await getMine(`/listings/${id}`);
    if (chosenId() === id) showListing(listing);
  } catch (error) {
    shown.replaceChildren(el('p', { class: 'empty' }, error.message));
  }
}

filters.elements.place.append(...Object.keys(PLACES).map((name) => el('option', { value: name }, name)));
let searchTimer;
filters.addEventListener('input', () => {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(applyFilters, SEARCH_DELAY_MS);
});
filters.addEventListener('submit', (event) => {
  event.preventDefault();
  applyFilters();
});
more.addEventListener('click', () => nextPath && showPage(nextPath, false));
window.addEventListener('hashchange', async () => {
  await openChosen();
  shown.scrollIntoView({ block: 'start' });
});

await resumeSession().catch(() => {});
// What one may do with a thing depends on who one is.
onUser(openChosen);
await Promise.all([applyFilters(), showCategories()]);
