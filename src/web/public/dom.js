/** Small tools of the page: elements, money and times. */

const SVG = 'http://www.w3.org/2000/svg';

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An element with its attributes (`onclick` and the like are listeners) and children; texts are never parsed. */
export const el = (tag, attributes = {}, ...children) =>
  build(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  build(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

const currencies = new Map();

/** Minor units as money; nothing known is a dash. */
export function money(cents, currency) {
  if (cents === null || cents === undefined) return '–';
  const key = `${currency}${cents % 100 === 0}`;
  if (!currencies.has(key)) {
    currencies.set(
      key,
      new Intl.NumberFormat('en-US', {
        style: 'currency',
        currency,
        minimumFractionDigits: cents % 100 === 0 ? 0 : 2,
        maximumFractionDigits: 2,
      }),
    );
  }
  return currencies.get(key).format(cents / 100);
}

const DAY_MS = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const fullDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** The time of day of what happened within a day, else the date. */
export function when(rfc3339) {
  const at = new Date(rfc3339);
  const ageMs = Date.now() - at.getTime();
  if (ageMs < DAY_MS) return clock.format(at);
  return (ageMs < 300 * DAY_MS ? day : fullDay).format(at);
}

/** The day of a time as text or epoch milliseconds. */
export const dateOf = (time) => fullDay.format(new Date(time));
