/**
 * Pictures of the things in the demo's souk: one drawing per kind of thing, in its own colours, in a room or close up.
 * Every shape is written here; no photo, logo or trade dress is copied.
 */
export const SOUK_WIDTH = 1200;
export const SOUK_HEIGHT = 900;

export type SoukKind = keyof typeof SHAPES;
/** Main colour, second colour, wall. */
export type SoukColors = readonly [main: string, second: string, wall: string];

const box = (x: number, y: number, width: number, height: number, fill: string, radius = 10): string =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" fill="${fill}"/>`;
const disc = (cx: number, cy: number, r: number, fill: string, extra = ''): string =>
  `<circle cx="${cx}" cy="${cy}" r="${r}" fill="${fill}" ${extra}/>`;
const shape = (path: string, fill: string): string => `<path d="${path}" fill="${fill}"/>`;
const stroke = (path: string, color: string, width: number): string =>
  `<path d="${path}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>`;
const ring = (cx: number, cy: number, r: number, color: string, width: number): string =>
  `<circle cx="${cx}" cy="${cy}" r="${r}" fill="none" stroke="${color}" stroke-width="${width}"/>`;
const times = (count: number, draw: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => draw(index)).join('');

const INK = '#23262d';
const SHINE = '#ffffff';

/** Each stands on the floor line at y = 700, around x = 600. */
const SHAPES = {
  sofa: (main: string, second: string) =>
    [
      box(250, 430, 700, 170, main, 46),
      box(290, 510, 300, 110, second, 26),
      box(610, 510, 300, 110, second, 26),
      box(220, 480, 90, 170, main, 40),
      box(890, 480, 90, 170, main, 40),
      box(250, 600, 700, 60, main, 16),
      stroke('M290 662 L282 700 M910 662 L918 700', INK, 16),
    ].join(''),
  chair: (main: string, second: string) =>
    [
      stroke('M470 300 L450 700 M730 300 L750 700 M490 560 L470 700 M710 560 L730 700', second, 20),
      box(460, 290, 280, 40, main, 18),
      box(468, 360, 264, 34, main, 16),
      box(464, 428, 272, 34, main, 16),
      shape('M436 540 L764 540 L786 590 L414 590 Z', main),
    ].join(''),
  table: (main: string, second: string) =>
    [
      shape('M230 470 L970 470 L1010 520 L190 520 Z', main),
      box(190, 520, 820, 30, second, 6),
      stroke('M250 550 L230 700 M950 550 L970 700 M380 550 L372 660 M820 550 L828 660', second, 24),
      disc(640, 452, 34, SHINE),
      stroke('M640 430 C640 380 660 360 690 350', '#5c8a5a', 8),
    ].join(''),
  shelf: (main: string, second: string) =>
    [
      box(380, 160, 440, 540, main, 8),
      times(4, (row) => box(404, 184 + row * 128, 392, 108, second, 4)),
      times(7, (book) =>
        box(
          414 + book * 28,
          204 + (book % 3) * 10,
          20,
          88 - (book % 3) * 10,
          ['#a44a3f', '#3d5a80', '#e0a458'][book % 3]!,
          3,
        ),
      ),
      disc(690, 396, 24, '#5c8a5a'),
      times(5, (book) => box(430 + book * 26, 470, 18, 78, ['#6b705c', '#cb997e'][book % 2]!, 3)),
      box(600, 614, 150, 50, '#ddbea9', 8),
    ].join(''),
  lamp: (main: string, second: string) =>
    [
      disc(600, 330, 230, '#fff3c4', 'opacity=".5"'),
      shape('M500 210 L700 210 L760 390 L440 390 Z', main),
      stroke('M600 390 L600 690', second, 18),
      shape('M500 700 C500 670 700 670 700 700 Z', second),
    ].join(''),
  rug: (main: string, second: string) =>
    [
      shape('M260 420 L940 420 L1060 700 L140 700 Z', main),
      stroke('M300 444 L900 444 L1006 676 L194 676 Z', second, 12),
      times(5, (index) =>
        shape(`M${380 + index * 100} 560 l44 -52 l44 52 l-44 52 Z`, index % 2 ? main : second),
      ),
      times(17, (index) => stroke(`M${150 + index * 56} 702 l-4 22`, second, 5)),
    ].join(''),
  phone: (main: string, second: string) =>
    [
      box(460, 180, 280, 520, main, 44),
      box(478, 204, 244, 472, second, 30),
      box(560, 218, 80, 18, INK, 9),
      times(12, (index) =>
        box(
          504 + (index % 4) * 50,
          330 + Math.floor(index / 4) * 70,
          38,
          38,
          ['#ffffff', '#ffd166', '#ef476f'][index % 3]!,
          10,
        ),
      ),
    ].join(''),
  laptop: (main: string, second: string) =>
    [
      box(330, 270, 540, 350, main, 22),
      box(352, 292, 496, 300, second, 8),
      times(5, (index) => box(390, 330 + index * 44, 320 - (index % 3) * 70, 16, SHINE, 8)),
      shape('M250 620 L950 620 L1000 690 L200 690 Z', main),
      box(520, 640, 160, 22, second, 8),
    ].join(''),
  camera: (main: string, second: string) =>
    [
      box(320, 400, 560, 300, main, 34),
      shape('M500 400 L540 330 L660 330 L700 400 Z', main),
      box(320, 470, 560, 130, second, 0),
      disc(600, 545, 140, INK),
      disc(600, 545, 104, '#41506b'),
      disc(600, 545, 58, '#11151d'),
      disc(566, 508, 20, SHINE, 'opacity=".7"'),
      disc(392, 432, 22, second),
      box(760, 416, 80, 34, '#e9c46a', 8),
    ].join(''),
  headphones: (main: string, second: string) =>
    [
      stroke('M380 560 C360 200 840 200 820 560', main, 46),
      stroke('M398 500 C400 270 800 270 802 500', second, 14),
      box(316, 500, 120, 200, main, 52),
      box(764, 500, 120, 200, main, 52),
      box(410, 520, 44, 160, second, 22),
      box(746, 520, 44, 160, second, 22),
    ].join(''),
  bag: (main: string, second: string) =>
    [
      stroke('M470 400 C470 200 730 200 730 400', second, 26),
      shape('M340 390 L860 390 L910 700 L290 700 Z', main),
      shape('M340 390 L860 390 L846 520 C760 560 440 560 354 520 Z', second),
      box(566, 500, 68, 72, '#e9c46a', 12),
      stroke('M316 668 L884 668', second, 6),
    ].join(''),
  watch: (main: string, second: string) =>
    [
      box(520, 170, 160, 560, second, 40),
      disc(600, 450, 190, main),
      disc(600, 450, 158, '#f7f4ec'),
      times(12, (index) => {
        const angle = (index * Math.PI) / 6;
        return disc(600 + Math.round(132 * Math.sin(angle)), 450 - Math.round(132 * Math.cos(angle)), 8, INK);
      }),
      stroke('M600 450 L600 350 M600 450 L668 488', INK, 12),
      box(786, 432, 34, 36, main, 8),
    ].join(''),
  bicycle: (main: string, second: string) =>
    [
      ring(390, 570, 128, INK, 16),
      ring(810, 570, 128, INK, 16),
      ring(390, 570, 108, '#b8bdc7', 4),
      ring(810, 570, 108, '#b8bdc7', 4),
      stroke('M390 570 L500 390 L720 390 L600 570 Z M500 390 L600 570 M720 390 L810 570', main, 20),
      stroke('M500 390 L480 340 M440 336 L530 336', second, 22),
      stroke('M720 390 L704 320 L760 300', second, 16),
      disc(600, 570, 34, second),
    ].join(''),
  book: (main: string, second: string) =>
    [
      times(3, (index) =>
        box(360 + index * 26, 620 - index * 86, 460 - index * 30, 78, [main, second, main][index]!, 10),
      ),
      times(3, (index) => box(376 + index * 26, 640 - index * 86, 12, 40, SHINE, 4)),
      shape(
        'M420 430 C500 370 570 370 600 410 C630 370 700 370 780 430 L780 300 C700 250 630 250 600 290 C570 250 500 250 420 300 Z',
        '#faf6ea',
      ),
      stroke(
        'M600 290 L600 410 M460 330 C510 306 550 306 576 322 M624 322 C650 306 690 306 740 330',
        second,
        5,
      ),
    ].join(''),
  vinyl: (main: string, second: string) =>
    [
      box(280, 250, 450, 450, main, 6),
      disc(505, 475, 150, second),
      box(320, 290, 180, 30, SHINE, 6),
      disc(760, 480, 215, '#15171c'),
      times(5, (index) => ring(760, 480, 100 + index * 24, '#2b2f38', 3)),
      disc(760, 480, 70, second),
      disc(760, 480, 10, SHINE),
    ].join(''),
  guitar: (main: string, second: string) =>
    [
      box(578, 120, 44, 330, second, 8),
      box(562, 90, 76, 80, INK, 14),
      disc(600, 460, 110, main),
      disc(600, 590, 152, main),
      disc(600, 500, 44, INK),
      box(540, 620, 120, 22, INK, 6),
      times(6, (index) => stroke(`M${585 + index * 6} 130 L${585 + index * 6} 628`, '#efe9da', 2)),
    ].join(''),
  pram: (main: string, second: string) =>
    [
      shape('M350 470 A240 240 0 0 1 590 230 L590 470 Z', second),
      shape('M330 470 L850 470 C850 590 760 620 590 620 C430 620 330 590 330 470 Z', main),
      stroke('M850 470 L930 330 L990 330', INK, 18),
      ring(450, 660, 44, INK, 14),
      ring(740, 660, 44, INK, 14),
    ].join(''),
  perfume: (main: string, second: string) =>
    [
      box(430, 380, 340, 320, main, 40),
      box(456, 500, 288, 176, second, 26),
      box(550, 310, 100, 74, '#c9b27c', 8),
      box(530, 220, 140, 100, INK, 18),
      box(520, 540, 160, 70, '#faf6ea', 6),
      shape('M450 400 C470 396 480 420 474 470 L450 470 Z', SHINE),
    ].join(''),
  tent: (main: string, second: string) =>
    [
      shape('M600 240 L1000 700 L200 700 Z', main),
      shape('M600 240 L720 700 L480 700 Z', second),
      stroke('M600 240 L600 700', INK, 6),
      stroke('M200 700 L130 720 M1000 700 L1070 720', INK, 8),
    ].join(''),
  coffee: (main: string, second: string) =>
    [
      box(400, 240, 400, 460, main, 26),
      box(440, 280, 320, 90, second, 12),
      box(560, 370, 80, 50, INK, 6),
      box(440, 430, 320, 220, INK, 14),
      shape('M540 540 L660 540 L646 640 L554 640 Z', '#faf6ea'),
      stroke('M660 560 C700 560 700 610 652 612', '#faf6ea', 12),
      disc(480, 325, 20, '#9bd1c6'),
      disc(720, 325, 20, '#e07a5f'),
    ].join(''),
  scooter: (main: string, second: string) =>
    [
      stroke('M780 620 L720 240 M660 240 L780 240', main, 26),
      box(330, 610, 440, 34, second, 16),
      ring(350, 654, 44, INK, 18),
      ring(800, 654, 44, INK, 18),
    ].join(''),
  blocks: (main: string, second: string) =>
    [
      box(320, 560, 140, 140, main, 12),
      box(480, 560, 140, 140, second, 12),
      box(640, 560, 140, 140, '#e9c46a', 12),
      box(400, 410, 140, 140, '#5c8a5a', 12),
      box(560, 410, 140, 140, main, 12),
      shape('M480 400 L620 400 L550 290 Z', second),
      disc(880, 640, 60, second),
    ].join(''),
} as const;

/** The thing in a room, as a page shows it first, or close up. */
export function drawSoukItem(
  kind: SoukKind,
  [main, second, wall]: SoukColors,
  view: 'room' | 'close',
): string {
  const floor =
    view === 'room'
      ? 'translate(600 520) scale(1.15) translate(-600 -470)'
      : 'translate(600 520) scale(1.5) translate(-600 -500)';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SOUK_WIDTH}" height="${SOUK_HEIGHT}" viewBox="0 0 ${SOUK_WIDTH} ${SOUK_HEIGHT}">`,
    '<defs><linearGradient id="light" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#fff" stop-opacity=".55"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></linearGradient>',
    '<filter id="soft" x="-20%" y="-200%" width="140%" height="500%"><feGaussianBlur stdDeviation="16"/></filter></defs>',
    `<rect width="1200" height="900" fill="${wall}"/>`,
    '<rect width="1200" height="900" fill="url(#light)"/>',
    view === 'room' ? '<rect y="690" width="1200" height="210" fill="#000" opacity=".08"/>' : '',
    `<g transform="${floor}"><ellipse cx="600" cy="704" rx="380" ry="20" fill="#14161b" opacity=".3" filter="url(#soft)"/>`,
    SHAPES[kind](main, second),
    '</g></svg>',
  ].join('');
}
