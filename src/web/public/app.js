/** The page: the catalogue, the market of the shoe that is chosen, and the desk of whoever is signed in. */
import { get, onUser, resumeSession } from './api.js';
import { createDesk } from './desk.js';
import { byId, el, money } from './dom.js';
import { createMarket } from './market.js';
import { createSignIn } from './sign-in.js';

const PAGE = 100;
const SEARCH_DELAY_MS = 200;
/** While the demo is being filled, new shoes and pictures appear by themselves. */
const GROWING_REFRESH_MS = 6_000;

const signIn = createSignIn();
const desk = createDesk({ onSignIn: signIn.open });
const market = createMarket({
  onBook: desk.showBook,
  onTop: desk.showTop,
  onOrders: desk.refresh,
});
const filters = byId('filters');
const list = byId('products');
const note = byId('products-note');
let catalogue = [];

const chosen = () => /^#\/(prd_\w+)(?:\/(siz_\w+))?$/.exec(location.hash)?.slice(1) ?? [];

async function openMarket(productId, sizeId) {
  try {
    await market.open(productId, sizeId);
  } catch (error) {
    byId('market').replaceChildren(el('p', { class: 'empty' }, error.message));
  }
  for (const card of list.querySelectorAll('a'))
    card.toggleAttribute('aria-current', card.dataset.product === productId);
}

function card(product) {
  const small = product.image?.variants[0];
  return el(
    'li',
    {},
    el(
      'a',
      { href: `#/${product.id}`, 'data-product': product.id, 'aria-current': chosen()[0] === product.id },
      small
        ? el('img', { src: small.url, alt: product.image.alt, width: 320, height: 240, loading: 'lazy' })
        : el('div', { class: 'no-picture' }),
      el('span', { class: 'brand' }, product.brand),
      el('strong', {}, product.name),
      el('span', { class: 'quiet' }, `Retail ${money(product.retail_price_cents, product.currency)}`),
    ),
  );
}

function show(products, emptyText) {
  list.replaceChildren(...products.map(card));
  note.textContent = products.length === 0 ? emptyText : '';
}

async function readCatalogue() {
  const products = [];
  let cursor = '';
  do {
    const page = await get(
      `/products?sort=oldest&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    products.push(...page.data);
    cursor = page.next_cursor ?? '';
  } while (cursor);
  return products.sort((a, b) => Number(b.featured) - Number(a.featured));
}

function showBrands() {
  const select = filters.elements.brand;
  const { value } = select;
  const brands = [...new Set(catalogue.map(({ brand }) => brand))].sort((a, b) => a.localeCompare(b));
  select.replaceChildren(
    el('option', { value: '' }, 'All brands'),
    ...brands.map((brand) => el('option', { value: brand, selected: brand === value }, brand)),
  );
}

async function applyFilters() {
  const query = filters.elements.q.value.trim();
  const brand = filters.elements.brand.value;
  if (!/[\p{L}\p{N}]/u.test(query)) {
    show(
      catalogue.filter((product) => brand === '' || product.brand === brand),
      'There are no shoes yet.',
    );
    return;
  }
  const path = `/products/search?limit=60&q=${encodeURIComponent(query)}${brand && `&brand=${encodeURIComponent(brand)}`}`;
  const found = await get(path).catch(() => ({ data: [] }));
  if (filters.elements.q.value.trim() === query) show(found.data, `Nothing found for “${query}”.`);
}

/** Reads the catalogue, and again for as long as it grows or waits for pictures. */
async function keepCatalogue() {
  const fresh = await readCatalogue().catch(() => catalogue);
  const isWhole = fresh.length > 0 && fresh.length === catalogue.length && fresh.every(({ image }) => image);
  const hasChanged = JSON.stringify(fresh) !== JSON.stringify(catalogue);
  catalogue = fresh;
  if (hasChanged) {
    showBrands();
    await applyFilters();
  }
  const first = catalogue.find(({ image }) => image) ?? catalogue[0];
  if (chosen().length === 0 && first) await openMarket(first.id);
  if (!isWhole) setTimeout(keepCatalogue, GROWING_REFRESH_MS);
}

let searchTimer;
filters.addEventListener('input', () => {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(applyFilters, SEARCH_DELAY_MS);
});
filters.addEventListener('submit', (event) => {
  event.preventDefault();
  applyFilters();
});
window.addEventListener('hashchange', async () => {
  const [productId, sizeId] = chosen();
  if (productId === undefined) return;
  const target = byId('market');
  target.scrollIntoView({ block: 'start' });
  await openMarket(productId, sizeId);
});

await resumeSession().catch(() => {});
let isFirst = true;
onUser(() => {
  // The feed carries one's own orders only when it was opened by their owner.
  if (!isFirst) market.reconnect();
  isFirst = false;
});
const [productId, sizeId] = chosen();
if (productId) openMarket(productId, sizeId);
await keepCatalogue();
