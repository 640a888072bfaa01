import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_COLUMNS,
  parseCents,
  parseCsv,
  parseSales,
  readSales,
} from '../../scripts/support/sales-file.ts';

const FILE =
  'order_date,brand,sneaker,sale_price,retail_price,release_date,size,buyer_region\n2017-09-01,Yeezy,Zebra,1097,220,2016-09-24,11,California\n';

describe('sales files', () => {
  it('reads the default layout by column name', () => {
    expect(parseSales(FILE)).toEqual([
      {
        row: 1,
        date: '2017-09-01',
        product: 'Zebra',
        size: '11',
        priceCents: 109_700,
        rounded: false,
        retailCents: 22_000,
        released: '2016-09-24',
        brand: 'Yeezy',
      },
    ]);
  });

  it('maps other names, in any order, and leaves absent optional columns null', () => {
    const columns = { ...DEFAULT_COLUMNS, date: 'when', product: 'what', price: 'usd' };
    const [sale] = parseSales('usd,size,what,when\n"1,250.5",9,"Dunk, low",2020-01-02\n', columns);
    expect(sale).toMatchObject({
      product: 'Dunk, low',
      priceCents: 125_050,
      retailCents: null,
      released: null,
      brand: null,
    });
  });

  it('names the missing column, and the row of a bad price', () => {
    expect(() => parseSales('a,b\n1,2\n')).toThrow('no column "order_date"');
    expect(() => parseSales(FILE.replace('1097', 'free'))).toThrow('row 1: not a price: "free"');
    expect(() => parseSales(FILE.replace('1097', '0'))).toThrow('row 1: not a price: "0"');
  });

  it.each([
    ['220', 22_000, false],
    ['220.5', 22_050, false],
    ['220.05', 22_005, false],
    ['357.9949', 35_799, true],
    ['357.995', 35_800, true],
    ['357.9900', 35_799, false],
    ['$1,200', 120_000, false],
  ])('reads %s as %i cents', (text, cents, rounded) => {
    expect(parseCents(text)).toEqual({ cents, rounded });
  });

  it.each(['', '-1', '1e3', 'NaN', '1.2.3'])('refuses "%s" as a price', (text) => {
    expect(parseCents(text)).toBeNull();
  });

  it('parses quotes, line breaks within quotes and blank lines', () => {
    expect(parseCsv('a,"b ""c""\nd"\r\n\r\n1,\n')).toEqual([
      ['a', 'b "c"\nd'],
      ['1', ''],
    ]);
  });

  it('unpacks a file that ends in .gz', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sales-'));
    try {
      const file = join(folder, 'sales.csv.gz');
      await writeFile(file, gzipSync(FILE));
      expect(await readSales(file)).toHaveLength(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
