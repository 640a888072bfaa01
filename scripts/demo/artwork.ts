/**
 * The demo's own pictures: one drawn silhouette per kind of shoe, coloured by the model's palette, in a plain
 * studio. Every shape is a path written here; no photo, logo or trade dress is copied.
 */
import sharp from 'sharp';
import type { DemoModel, Palette, Silhouette } from './models.ts';

export const ARTWORK_WIDTH = 1200;
export const ARTWORK_HEIGHT = 900;

/** The picture of a model as an SVG document of 1200 x 900. */
export function drawArtwork(model: DemoModel): string {
  const floorY = FLOOR_Y[model.silhouette];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${ARTWORK_WIDTH}" height="${ARTWORK_HEIGHT}" viewBox="0 0 ${ARTWORK_WIDTH} ${ARTWORK_HEIGHT}">`,
    definitions(model.palette),
    '<rect width="1200" height="900" fill="url(#wall)"/>',
    '<rect width="1200" height="900" fill="url(#glow)"/>',
    '<g transform="translate(600 462) scale(1.2) translate(-592 -500)">',
    `<ellipse cx="604" cy="${floorY + 6}" rx="452" ry="30" fill="#20242c" opacity=".22" filter="url(#soft)"/>`,
    `<ellipse cx="604" cy="${floorY}" rx="400" ry="10" fill="#14161b" opacity=".4" filter="url(#contact)"/>`,
    SHAPES[model.silhouette](model.palette),
    '</g></svg>',
  ].join('');
}

/** Renders an SVG document to PNG bytes. */
export async function renderPng(svg: string): Promise<Uint8Array<ArrayBuffer>> {
  const png = await sharp(Buffer.from(svg)).png({ compressionLevel: 9 }).toBuffer();
  return new Uint8Array(png);
}

/** Where each silhouette meets the floor. */
const FLOOR_Y: Record<Silhouette, number> = {
  runner: 668,
  high_top: 700,
  mid_top: 690,
  court: 664,
  canvas: 694,
  knit: 668,
  slide: 648,
};

const SHAPES: Record<Silhouette, (palette: Palette) => string> = {
  runner: drawRunner,
  high_top: drawHighTop,
  mid_top: drawMidTop,
  court: drawCourt,
  canvas: drawCanvas,
  knit: drawKnit,
  slide: drawSlide,
};

function definitions(palette: Palette): string {
  const tint = mix(palette.upper, '#eef0f3', 0.86);
  return `<defs>
<linearGradient id="wall" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${mix(tint, '#ffffff', 0.5)}"/><stop offset=".68" stop-color="${tint}"/><stop offset=".74" stop-color="${mix(tint, '#c9ced6', 0.35)}"/><stop offset="1" stop-color="${mix(tint, '#ffffff', 0.35)}"/></linearGradient>
<radialGradient id="glow" cx=".5" cy=".42" r=".6"><stop offset="0" stop-color="#fff" stop-opacity=".85"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
<linearGradient id="shade" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#fff" stop-opacity=".24"/><stop offset=".45" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity=".24"/></linearGradient>
<linearGradient id="roll" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#000" stop-opacity=".2"/><stop offset=".14" stop-color="#000" stop-opacity="0"/><stop offset=".8" stop-color="#fff" stop-opacity=".1"/><stop offset="1" stop-color="#000" stop-opacity=".14"/></linearGradient>
<pattern id="weave" width="14" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(-14)"><path d="M0 5 Q3.5 0 7 5 T14 5" fill="none" stroke="${edge(palette.upper)}" stroke-opacity=".42" stroke-width="1.8"/></pattern>
<pattern id="mesh" width="11" height="11" patternUnits="userSpaceOnUse" patternTransform="rotate(30)"><circle cx="5.5" cy="5.5" r="1.7" fill="${edge(palette.upper)}" fill-opacity=".42"/></pattern>
<filter id="soft" x="-20%" y="-200%" width="140%" height="500%"><feGaussianBlur stdDeviation="20"/></filter>
<filter id="contact" x="-20%" y="-200%" width="140%" height="500%"><feGaussianBlur stdDeviation="6"/></filter>
</defs>`;
}

/** A filled panel with a darker outline; `stitched` adds the row of thread just inside it. */
function panel(path: string, fill: string, stitched = false): string {
  const body = `<path d="${path}" fill="${fill}" stroke="${edge(fill)}" stroke-width="3" stroke-linejoin="round"/>`;
  if (!stitched) return body;
  return `${body}<path d="${path}" fill="none" stroke="${edge(fill)}" stroke-opacity=".55" stroke-width="1.6" stroke-dasharray="7 5" transform="translate(6 6) scale(.985)" style="transform-box:fill-box;transform-origin:center"/>`;
}

/** Light from above and the turn of the form, laid over a whole outline. */
function volume(path: string): string {
  return `<path d="${path}" fill="url(#shade)"/><path d="${path}" fill="url(#roll)"/>`;
}

function line(path: string, color: string, width: number, opacity = 1): string {
  return `<path d="${path}" fill="none" stroke="${color}" stroke-width="${width}" stroke-opacity="${opacity}" stroke-linecap="round" stroke-linejoin="round"/>`;
}

/** Lace bars from the throat's foot (x1, y1) up to its head (x2, y2), each leaning across the tongue. */
function laces(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  count: number,
  color: string,
  reach: number,
): string {
  let bars = '';
  for (let i = 0; i < count; i++) {
    const t = count === 1 ? 0 : i / (count - 1);
    const x = x1 + (x2 - x1) * t;
    const y = y1 + (y2 - y1) * t;
    bars += line(`M${x} ${y} q${reach * 0.35} ${-reach * 0.62} ${reach} ${-reach * 0.42}`, edge(color), 15);
    bars += line(`M${x} ${y} q${reach * 0.35} ${-reach * 0.62} ${reach} ${-reach * 0.42}`, color, 10.5);
  }
  return bars;
}

function drawHighTop({ upper, overlay, accent, midsole, outsole }: Palette): string {
  const body =
    'M222 612 C214 520 232 420 226 318 C224 272 250 238 292 232 C352 224 420 226 458 246 C476 256 480 280 492 310 C516 372 566 432 640 474 C716 512 812 512 884 540 C940 562 962 596 960 626 L224 640 Z';
  return [
    panel(
      'M430 252 C452 204 500 196 520 214 C534 260 560 330 606 392 L690 470 L610 500 C520 430 460 360 430 252 Z',
      mix(upper, '#ffffff', 0.12),
    ),
    panel(body, upper),
    panel(
      'M222 612 C216 540 226 470 228 410 C268 398 320 398 352 420 C344 486 350 560 372 634 L224 640 Z',
      overlay,
      true,
    ),
    panel(
      'M227 330 C224 272 250 238 292 232 C352 224 420 226 458 246 C474 256 480 280 492 310 C418 300 320 302 227 330 Z',
      overlay,
      true,
    ),
    panel(
      'M960 626 C962 596 940 562 884 540 C838 522 786 516 734 508 C752 552 800 600 838 632 Z',
      overlay,
      true,
    ),
    panel(
      'M492 310 C516 372 566 432 640 474 L742 508 C752 540 742 568 716 580 C620 560 500 470 438 330 C452 316 474 310 492 310 Z',
      overlay,
      true,
    ),
    panel(
      'M350 470 C420 548 520 580 690 558 C600 604 470 622 372 592 C352 560 346 512 350 470 Z',
      accent,
      true,
    ),
    `<g fill="${edge(upper)}" fill-opacity=".6">${dots(
      [
        [858, 566],
        [884, 574],
        [836, 558],
        [846, 582],
        [872, 590],
        [822, 574],
      ],
      4.4,
    )}</g>`,
    volume(body),
    laces(528, 372, 690, 502, 6, mix(accent, '#ffffff', 0.06), 54),
    cupsole(212, 968, 632, 700, midsole, outsole),
  ].join('');
}

function drawMidTop({ upper, overlay, accent, midsole, outsole }: Palette): string {
  const body =
    'M226 606 C206 540 220 440 228 380 C232 330 262 292 318 288 C372 286 414 292 440 312 C470 352 520 404 590 444 C680 492 808 490 890 526 C944 550 966 584 962 618 L232 630 Z';
  return [
    panel(
      'M414 306 C430 244 480 222 520 242 C530 290 566 352 624 404 L706 462 L630 494 C540 452 452 390 414 306 Z',
      mix(upper, '#ffffff', 0.1),
    ),
    panel(body, upper),
    `<path d="M372 452 C446 420 520 440 584 470 L640 560 C560 590 446 590 380 560 Z" fill="url(#mesh)"/>`,
    panel(
      'M226 606 C210 550 216 486 222 440 C276 452 328 470 366 520 C384 556 388 600 390 628 L232 630 Z',
      overlay,
      true,
    ),
    panel('M228 380 C232 330 262 292 318 288 C346 288 366 300 372 330 C340 376 286 396 226 404 Z', accent),
    panel(
      'M440 312 C470 352 520 404 590 444 L724 492 C730 520 716 536 690 540 C590 516 470 436 402 350 C410 330 424 318 440 312 Z',
      overlay,
      true,
    ),
    panel(
      'M962 618 C966 584 944 550 890 526 C852 510 806 502 758 496 C720 528 640 566 560 580 C500 590 440 596 388 604 L390 628 Z',
      overlay,
      true,
    ),
    panel(
      'M396 424 C440 470 500 512 572 536 C510 560 450 566 404 556 C392 520 388 470 396 424 Z',
      mix(overlay, upper, 0.45),
      true,
    ),
    line(
      'M412 470 L450 556 M436 484 L482 560 M466 504 L514 556 M400 500 L470 514 M402 530 L520 536',
      edge(mix(overlay, upper, 0.45)),
      3.4,
      0.7,
    ),
    panel(
      'M318 288 C360 292 392 306 410 332 C446 392 520 446 600 486 C520 476 440 436 392 384 C372 352 350 318 318 288 Z',
      accent,
    ),
    volume(body),
    laces(506, 384, 706, 494, 6, mix(midsole, '#ffffff', 0.2), 52),
    panel(
      'M204 602 C198 650 208 678 238 684 L930 690 C972 688 988 660 980 612 C880 596 780 632 640 620 C500 612 400 640 300 622 C262 616 228 606 204 602 Z',
      midsole,
    ),
    panel(
      'M250 640 C252 626 268 622 296 626 L412 634 C432 636 440 646 436 662 L262 662 C252 658 248 650 250 640 Z',
      mix(accent, '#d8e4ec', 0.62),
    ),
    line('M284 632 L284 660 M322 634 L322 660 M360 636 L360 660 M398 640 L398 660', edge(midsole), 4, 0.4),
    panel(
      'M208 660 C210 682 222 690 240 690 L926 692 C956 690 974 678 980 658 C880 668 760 672 600 672 C440 674 300 672 208 660 Z',
      outsole,
    ),
    volume(
      'M204 602 C198 650 208 678 238 690 L930 692 C972 688 988 660 980 612 C880 596 780 632 640 620 C500 612 400 640 300 622 C262 616 228 606 204 602 Z',
    ),
  ].join('');
}

function drawCourt({ upper, overlay, accent, midsole, outsole }: Palette): string {
  const body =
    'M206 580 C196 520 200 450 214 400 C222 366 258 352 300 368 C336 382 380 386 428 364 C450 354 474 360 492 378 C540 426 606 462 690 474 C782 484 880 486 940 524 C976 548 986 574 982 596 L208 606 Z';
  return [
    panel(
      'M420 370 C436 324 486 312 514 332 C536 372 580 408 640 430 L728 468 L640 500 C540 470 470 430 420 370 Z',
      mix(upper, '#ffffff', 0.1),
    ),
    panel(body, upper),
    panel(
      'M206 580 C198 530 200 470 210 418 C244 408 282 418 304 446 C322 496 334 556 336 604 L208 606 Z',
      overlay,
      true,
    ),
    panel('M214 400 C222 366 258 352 300 368 C318 376 322 396 310 410 C278 404 244 408 210 420 Z', accent),
    panel(
      'M982 596 C986 574 976 548 940 524 C890 494 826 490 760 482 C748 526 764 566 796 600 Z',
      overlay,
      true,
    ),
    panel(
      'M492 378 C540 426 606 462 690 474 L764 484 C768 512 756 532 730 538 C630 530 510 470 446 400 C456 382 474 374 492 378 Z',
      overlay,
      true,
    ),
    panel('M330 470 C400 520 520 548 640 540 C540 592 420 596 344 566 Z', accent, true),
    `<g fill="${edge(upper)}" fill-opacity=".55">${dots(
      [
        [838, 512],
        [864, 518],
        [890, 526],
        [850, 532],
        [876, 538],
        [826, 526],
      ],
      4.2,
    )}</g>`,
    volume(body),
    laces(526, 422, 706, 494, 5, mix(midsole, '#ffffff', 0.25), 52),
    cupsole(196, 990, 596, 664, midsole, outsole),
  ].join('');
}

function drawCanvas({ upper, overlay, accent, midsole, outsole }: Palette): string {
  const body =
    'M232 612 C226 520 236 420 232 330 C230 290 250 268 290 266 C348 262 404 264 440 276 C470 330 530 420 620 476 C700 516 810 520 890 546 C940 566 964 596 962 620 L236 634 Z';
  return [
    panel(
      'M414 278 C430 232 474 222 500 240 C520 300 566 370 620 420 L700 480 L620 512 C530 450 450 370 414 278 Z',
      mix(upper, '#ffffff', 0.08),
    ),
    panel(body, upper, true),
    panel('M232 612 C227 540 232 470 234 400 L292 400 C296 480 300 560 304 630 L236 634 Z', overlay),
    line('M292 268 C300 390 304 500 306 630', edge(upper), 3, 0.6),
    panel(
      'M440 276 C470 330 530 420 620 476 L700 506 C704 530 690 546 668 548 C560 510 462 410 400 290 C412 280 426 276 440 276 Z',
      overlay,
      true,
    ),
    panel(
      'M306 520 C380 560 470 540 540 478 C590 520 620 560 690 570 C600 590 560 540 530 520 C460 580 370 592 306 560 Z',
      accent,
    ),
    line('M446 620 C560 612 640 596 700 566', edge(upper), 3, 0.5),
    volume(body),
    laces(474, 360, 676, 518, 7, mix(midsole, '#ffffff', 0.3), 52),
    panel('M962 634 C974 588 930 552 868 546 C822 548 790 588 784 634 Z', mix(midsole, '#ffffff', 0.25)),
    line('M800 624 C812 588 836 566 868 562 M830 626 C838 600 852 584 876 578', edge(midsole), 2.4, 0.4),
    cupsole(220, 974, 620, 694, midsole, outsole),
    line('M226 646 L970 642', accent, 6, 0.9),
  ].join('');
}

function drawRunner({ upper, overlay, accent, midsole, outsole }: Palette): string {
  const body =
    'M214 560 C196 500 206 420 232 372 C248 344 284 344 316 366 C356 390 402 386 440 358 C462 346 484 352 500 372 C540 424 606 452 690 464 C790 478 902 484 954 528 C976 548 982 570 976 588 L220 590 Z';
  const sole =
    'M188 548 C176 600 184 650 226 662 C340 676 520 648 640 656 C760 664 880 672 948 652 C992 636 1012 600 1000 572 C950 590 880 584 800 572 C680 554 560 584 440 586 C340 588 250 584 188 548 Z';
  return [
    panel(
      'M430 364 C446 312 494 300 524 324 C544 364 590 400 644 420 L730 456 L650 492 C550 462 476 424 430 364 Z',
      mix(upper, '#ffffff', 0.1),
    ),
    panel(body, upper),
    `<path d="${body}" fill="url(#mesh)"/>`,
    panel(
      'M214 560 C200 510 204 448 222 396 C262 400 300 430 318 476 C332 516 340 556 342 590 L220 590 Z',
      overlay,
      true,
    ),
    panel(
      'M500 372 C540 424 606 452 690 464 L768 474 C776 500 764 520 738 526 C634 518 514 462 450 392 C462 372 482 366 500 372 Z',
      overlay,
      true,
    ),
    panel(
      'M976 588 C982 570 976 548 954 528 C918 500 856 490 796 480 C800 520 760 556 690 568 C580 586 450 584 342 570 L342 590 Z',
      overlay,
      true,
    ),
    panel(
      'M330 500 C400 470 452 470 500 490 C560 516 620 530 700 526 C630 560 520 570 440 548 C400 536 360 524 330 500 Z',
      accent,
    ),
    panel('M222 396 C228 374 240 358 262 352 C290 352 312 368 318 386 C300 404 262 408 222 396 Z', accent),
    volume(body),
    laces(530, 416, 712, 486, 5, mix(midsole, '#ffffff', 0.25), 52),
    panel(sole, midsole),
    panel(
      'M236 610 C238 592 256 590 290 598 C350 608 410 610 452 604 C470 604 470 626 452 632 C380 646 300 648 256 640 C240 636 234 624 236 610 Z',
      mix(accent, midsole, 0.45),
    ),
    line('M210 590 C330 622 470 616 600 602 C740 592 880 618 990 598', edge(midsole), 4, 0.35),
    panel(
      'M190 622 C196 648 206 660 226 664 C340 682 520 656 640 662 C760 670 880 680 950 656 C974 648 992 628 1000 604 C930 640 800 644 640 634 C480 628 330 662 190 622 Z',
      outsole,
    ),
    volume(sole),
  ].join('');
}

function drawKnit({ upper, overlay, accent, midsole, outsole }: Palette): string {
  const body =
    'M212 576 C196 506 196 420 222 352 C236 318 268 318 302 340 C352 366 410 358 448 330 C474 314 500 324 514 348 C546 408 620 448 716 468 C820 486 920 496 962 540 C982 566 984 586 976 600 L218 604 Z';
  const sole =
    'M190 566 C182 620 196 652 240 658 C420 670 640 660 800 664 C900 668 972 660 996 620 C1004 600 1000 584 990 574 C900 604 760 596 620 600 C460 606 300 612 190 566 Z';
  return [
    panel(
      'M440 338 C452 286 496 270 530 292 C552 340 600 388 664 414 L742 456 L660 486 C560 456 486 404 440 338 Z',
      mix(overlay, upper, 0.5),
    ),
    panel(body, upper),
    `<path d="${body}" fill="url(#weave)"/>`,
    ...[0, 1, 2, 3].map((row) =>
      line(
        `M${318 + row * 16} ${420 + row * 40} C${420 + row * 10} ${474 + row * 30} ${560 + row * 20} ${500 + row * 22} ${880 + row * 20} ${508 + row * 22}`,
        overlay,
        11,
        0.62,
      ),
    ),
    panel('M312 458 C430 512 590 540 872 540 C880 552 876 562 864 566 C610 574 420 548 306 490 Z', overlay),
    line('M350 496 C480 540 640 556 824 556', accent, 7, 0.95),
    panel('M222 352 C230 332 246 324 266 324 C262 300 250 292 236 290 C220 300 212 326 214 352 Z', accent),
    line('M226 372 C246 440 244 520 236 598', edge(upper), 3, 0.45),
    volume(body),
    laces(540, 396, 728, 478, 5, mix(upper, '#ffffff', 0.2), 54),
    panel(sole, midsole),
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((rib) =>
      line(`M${262 + rib * 70} 618 q14 22 6 40`, edge(midsole), 4, 0.28),
    ),
    panel(
      'M196 628 C204 650 218 658 240 660 C420 674 640 664 800 668 C900 672 968 664 994 626 C900 650 760 642 620 644 C460 648 320 654 196 628 Z',
      outsole,
    ),
    volume(sole),
  ].join('');
}

function drawSlide({ upper, overlay, accent, midsole, outsole }: Palette): string {
  const sole =
    'M186 500 C176 580 186 628 240 640 C430 656 760 652 930 640 C988 632 1014 592 1004 546 C996 522 966 520 930 528 C800 556 640 552 500 530 C390 512 300 494 240 470 C206 462 190 476 186 500 Z';
  const strap =
    'M452 536 C476 452 520 372 600 352 C660 340 760 388 840 446 C892 484 918 520 922 548 C880 566 820 572 770 566 C650 580 540 572 452 536 Z';
  return [
    panel(
      'M232 474 C206 464 192 478 192 500 C330 560 520 590 700 586 C830 584 940 566 1000 540 C986 516 956 522 920 530 C800 556 640 552 500 530 C390 512 300 494 232 474 Z',
      mix(upper, '#ffffff', 0.16),
    ),
    panel(
      'M420 512 C440 440 500 356 588 342 C624 338 640 348 652 362 C590 380 540 440 520 530 Z',
      mix(upper, '#000000', 0.42),
    ),
    panel(sole, midsole),
    ...[0, 1, 2, 3, 4, 5, 6].map((rib) =>
      line(
        `M${196 + rib * 2} ${528 + rib * 15} C${400} ${596 + rib * 8} ${780} ${604 + rib * 6} ${1000 - rib * 7} ${568 + rib * 10}`,
        edge(midsole),
        3.4,
        0.28,
      ),
    ),
    panel(
      'M190 604 C196 626 212 636 240 640 C430 656 760 652 930 640 C966 636 990 618 1002 590 C960 616 900 622 800 626 C600 634 380 634 190 604 Z',
      outsole,
    ),
    volume(sole),
    panel(strap, upper),
    panel('M520 446 C548 392 580 366 616 362 C680 362 770 412 838 466 C740 424 610 416 520 446 Z', overlay),
    line('M480 512 C600 556 760 564 900 530', accent, 6, 0.65),
    line('M498 478 C600 446 760 456 872 504', edge(upper), 3, 0.4),
    volume(strap),
  ].join('');
}

/** A straight cup sole with its foxing line and tread, from heel `left` to toe `right`. */
function cupsole(
  left: number,
  right: number,
  top: number,
  bottom: number,
  midsole: string,
  outsole: string,
): string {
  const treadTop = bottom - 18;
  const body = `M${left} ${top - 6} C${left - 8} ${top + 20} ${left - 6} ${bottom - 14} ${left + 18} ${bottom - 4} L${right - 200} ${bottom} C${right - 90} ${bottom - 2} ${right + 10} ${bottom - 22} ${right + 2} ${top - 16} C${right - 60} ${top + 6} ${right - 160} ${top + 4} ${right - 260} ${top} L${left} ${top - 6} Z`;
  const tread = `M${left - 4} ${treadTop - 2} C${left} ${bottom - 6} ${left + 8} ${bottom - 4} ${left + 20} ${bottom - 2} L${right - 200} ${bottom + 2} C${right - 90} ${bottom} ${right - 18} ${bottom - 14} ${right - 2} ${treadTop - 22} C${right - 80} ${treadTop - 2} ${right - 200} ${treadTop + 2} ${left - 4} ${treadTop - 2} Z`;
  return [
    panel(body, midsole),
    line(
      `M${left + 8} ${top + 12} L${right - 90} ${top + 16} Q${right - 30} ${top + 14} ${right - 4} ${top + 2}`,
      edge(midsole),
      2.2,
      0.4,
    ).replace('/>', ' stroke-dasharray="8 6"/>'),
    panel(tread, outsole),
    volume(body),
  ].join('');
}

function dots(centres: ReadonlyArray<readonly [number, number]>, radius: number): string {
  return centres.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="${radius}"/>`).join('');
}

/** The outline colour of a fill: darker, and lighter on a near-black so that panels still part. */
function edge(fill: string): string {
  return luminance(fill) < 0.16 ? mix(fill, '#ffffff', 0.2) : mix(fill, '#000000', 0.36);
}

/** `amount` of 0 gives the first colour, 1 the second. */
function mix(from: string, to: string, amount: number): string {
  const [a, b] = [channels(from), channels(to)];
  return `#${a
    .map((value, i) =>
      Math.round(value + ((b[i] ?? 0) - value) * amount)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = channels(color);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

function channels(color: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
}
