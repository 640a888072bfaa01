import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { ARTWORK_HEIGHT, ARTWORK_WIDTH, drawArtwork, renderPng } from '../../scripts/demo/artwork.ts';
import { DEMO_MODELS, SILHOUETTES } from '../../scripts/demo/models.ts';

describe('demo models', () => {
  it('are about 60 different models with some 700 to 800 books', () => {
    const books = DEMO_MODELS.reduce((sum, model) => sum + model.sizes.length, 0);
    expect(new Set(DEMO_MODELS.map((model) => model.sku)).size).toBe(DEMO_MODELS.length);
    expect(DEMO_MODELS.length).toBeGreaterThanOrEqual(60);
    expect(books).toBeGreaterThanOrEqual(700);
    expect(books).toBeLessThanOrEqual(800);
  });

  it.each(DEMO_MODELS.map((model) => [model.sku, model] as const))('%s states whole facts', (_sku, model) => {
    expect(new Date(`${model.release_date}T00:00:00Z`).toISOString().slice(0, 10)).toBe(model.release_date);
    expect(model.retail_price_cents % 100).toBe(0);
    expect(model.retail_price_cents).toBeGreaterThan(0);
    for (const color of Object.values(model.palette)) expect(color).toMatch(/^#[0-9a-f]{6}$/);
    expect(model.sizes.map(Number)).toEqual(model.sizes.map(Number).sort((a, b) => a - b));
    expect(new Set(model.sizes).size).toBe(model.sizes.length);
  });
});

describe('demo artwork', () => {
  it.each(SILHOUETTES)('draws a %s as a PNG of the stated size', async (silhouette) => {
    const model = DEMO_MODELS.find((candidate) => candidate.silhouette === silhouette);
    if (!model) throw new Error(`no model is drawn as ${silhouette}`);
    const png = await renderPng(drawArtwork(model));
    const { format, width, height } = await sharp(png).metadata();
    expect({ format, width, height }).toEqual({
      format: 'png',
      width: ARTWORK_WIDTH,
      height: ARTWORK_HEIGHT,
    });
  });

  it('gives two colourways of one silhouette different pictures', () => {
    const courts = DEMO_MODELS.filter((model) => model.silhouette === 'court').map(drawArtwork);
    expect(new Set(courts).size).toBe(courts.length);
  });
});
