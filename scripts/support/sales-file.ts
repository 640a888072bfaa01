/** Reading a file of recorded sales: CSV, plain or gzip, with its columns found by name. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

/** Which column holds what. `retail`, `released` and `brand` may be absent from a file. */
export type SalesColumns = {
  readonly date: string;
  readonly product: string;
  readonly size: string;
  readonly price: string;
  readonly retail: string;
  readonly released: string;
  readonly brand: string;
};

/** The layout of the 2017-2018 sales file. */
export const DEFAULT_COLUMNS: SalesColumns = {
  date: 'order_date',
  product: 'sneaker',
  size: 'size',
  price: 'sale_price',
  retail: 'retail_price',
  released: 'release_date',
  brand: 'brand',
};

export type RecordedSale = {
  /** 1 is the first line after the header. */
  readonly row: number;
  /** The text of the date column; files are in the order in which things were sold. */
  readonly date: string;
  readonly product: string;
  readonly size: string;
  readonly priceCents: number;
  /** True when the recorded price had a fraction of a cent, and was rounded half up. */
  readonly rounded: boolean;
  readonly retailCents: number | null;
  readonly released: string | null;
  readonly brand: string | null;
};

/** Reads a sales file; a name that ends in `.gz` is unpacked first. Throws on a column or price it cannot read. */
export async function readSales(
  file: string,
  columns: SalesColumns = DEFAULT_COLUMNS,
): Promise<RecordedSale[]> {
  const bytes = await readFile(file);
  return parseSales((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'), columns);
}

export function parseSales(text: string, columns: SalesColumns = DEFAULT_COLUMNS): RecordedSale[] {
  const [header, ...records] = parseCsv(text);
  if (!header) throw new Error('the sales file is empty');
  const required = (name: string): number => {
    const index = header.indexOf(name);
    if (index < 0) throw new Error(`the sales file has no column "${name}"; it has: ${header.join(', ')}`);
    return index;
  };
  const at = {
    date: required(columns.date),
    product: required(columns.product),
    size: required(columns.size),
    price: required(columns.price),
    retail: header.indexOf(columns.retail),
    released: header.indexOf(columns.released),
    brand: header.indexOf(columns.brand),
  };
  return records.map((record, index) => {
    const row = index + 1;
    const cell = (column: number): string => record[column]?.trim() ?? '';
    const price = parseCents(cell(at.price));
    if (!price || price.cents <= 0) throw new Error(`row ${row}: not a price: "${cell(at.price)}"`);
    return {
      row,
      date: cell(at.date),
      product: cell(at.product),
      size: cell(at.size),
      priceCents: price.cents,
      rounded: price.rounded,
      retailCents: parseCents(cell(at.retail))?.cents ?? null,
      released: cell(at.released) || null,
      brand: cell(at.brand) || null,
    };
  });
}

/** A decimal amount as cents, half up, or null when the text is not one. Works on digits, never on floats. */
export function parseCents(text: string): { cents: number; rounded: boolean } | null {
  const match = /^\$?(\d{1,10})(?:\.(\d*))?$/.exec(text.replaceAll(',', ''));
  if (!match) return null;
  const fraction = match[2] ?? '';
  const cents = Number(match[1]) * 100 + Number(fraction.slice(0, 2).padEnd(2, '0'));
  const rest = fraction.slice(2);
  return { cents: cents + (rest >= '5' ? 1 : 0), rounded: /[1-9]/.test(rest) };
}

/** Records of RFC 4180 text: quoted cells may hold commas, line breaks and doubled quotes. Blank lines are skipped. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let cell = '';
  let quoted = false;
  const endRecord = (): void => {
    record.push(cell);
    if (record.length > 1 || cell !== '') records.push(record);
    record = [];
    cell = '';
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (char === '"' && cell === '') quoted = true;
    else if (char === ',') {
      record.push(cell);
      cell = '';
    } else if (char === '\n') endRecord();
    else if (char !== '\r') cell += char;
  }
  endRecord();
  return records;
}
