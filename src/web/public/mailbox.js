/** The mailbox of local development: what would have been mailed or texted, newest first. */
import { byId, el, when } from './dom.js';

const REFRESH_MS = 4_000;
const LINK = /https?:\/\/\S+/g;
let cursor = null;
let shown = null;

async function read(after) {
  const query = new URLSearchParams({ limit: '50' });
  const to = byId('to').value.trim();
  if (to !== '') query.set('to', to);
  if (after !== null) query.set('cursor', after);
  const answer = await fetch(`/api/v1/mailbox/letters?${query}`);
  return answer.ok ? answer.json() : { data: [], next_cursor: null };
}

function open(letter) {
  shown = letter.id;
  byId('subject').textContent = letter.subject || 'Text message';
  byId('facts').textContent = `${letter.channel} to ${letter.to}, ${when(letter.sent_at)}`;
  byId('text').textContent = letter.text;
  const frame = byId('html');
  frame.hidden = !letter.has_html;
  if (letter.has_html) frame.src = `/api/v1/mailbox/letters/${encodeURIComponent(letter.id)}/html`;
  byId('links').replaceChildren(
    ...(letter.text.match(LINK) ?? []).map((href) =>
      el('li', {}, el('a', { href, rel: 'noreferrer' }, href)),
    ),
  );
  for (const item of byId('letters').children)
    item.firstChild.setAttribute('aria-current', String(item.dataset.id === shown));
}

const row = (letter) =>
  el(
    'li',
    { 'data-id': letter.id },
    el(
      'button',
      { type: 'button', onclick: () => open(letter), 'aria-current': String(letter.id === shown) },
      el('strong', {}, letter.subject || letter.text.slice(0, 60)),
      el('span', {}, `${letter.to} · ${when(letter.sent_at)}`),
    ),
  );

async function refresh() {
  const page = await read(null);
  cursor = page.next_cursor;
  byId('letters').replaceChildren(...page.data.map(row));
  byId('more').hidden = cursor === null;
  byId('none').hidden = page.data.length > 0;
  if (shown === null && page.data.length > 0) open(page.data[0]);
}

byId('to').addEventListener('input', refresh);
byId('filter').addEventListener('submit', (event) => event.preventDefault());
byId('more').addEventListener('click', async () => {
  const page = await read(cursor);
  cursor = page.next_cursor;
  byId('letters').append(...page.data.map(row));
  byId('more').hidden = cursor === null;
});
byId('clear').addEventListener('click', async () => {
  await fetch('/api/v1/mailbox/letters', { method: 'DELETE' });
  shown = null;
  await refresh();
});
setInterval(() => {
  // Who looks at older pages is not sent back to the newest.
  if (!document.hidden && byId('letters').children.length <= 50) refresh();
}, REFRESH_MS);
refresh();
