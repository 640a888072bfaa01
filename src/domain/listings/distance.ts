/** Where a listing is, as far as strangers may know, and how far that is from them (SL-32). Degrees and metres. */

export interface Place {
  lat: number;
  lon: number;
}

export const DEFAULT_RADIUS_KM = 5;
export const MAX_RADIUS_KM = 50;

const EARTH_RADIUS_M = 6_371_000;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** The great-circle distance in metres (haversine). */
export function distanceM(a: Place, b: Place): number {
  const [fromLat, toLat] = [radians(a.lat), radians(b.lat)];
  const half =
    Math.sin((toLat - fromLat) / 2) ** 2 +
    Math.cos(fromLat) * Math.cos(toLat) * Math.sin(radians(b.lon - a.lon) / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(half)));
}

/** Strangers learn a place to a hundredth of a degree, about a kilometre: the quarter, not the door. */
const BLUR = 100;
const blur = (degrees: number): number => Math.round(degrees * BLUR) / BLUR;

/**
 * The place that searches and labels go by. Whatever a stranger asks, from however many points, the answers tell no more
 * than this.
 */
export function blurred({ lat, lon }: Place): Place {
  return { lat: blur(lat), lon: blur(lon) };
}

/** Latitudes are indexed in bands of a tenth of a degree, about 11 km. */
const BAND_DEGREES = 0.1;
export const latBand = (lat: number): number => Math.floor(lat / BAND_DEGREES + 1e-9);

/** One strip of the index to look into: everything of a band between two meridians. */
export interface Box {
  band: number;
  west: number;
  east: number;
}

/**
 * Strips that cover the circle around a place and little more. They do not overlap, also where the circle reaches over
 * a pole or the 180th meridian.
 */
export function boxesAround(centre: Place, radiusM: number): Box[] {
  const reach = (radiusM / EARTH_RADIUS_M) * (180 / Math.PI);
  const south = centre.lat - reach;
  const north = centre.lat + reach;
  const overPole = south <= -90 || north >= 90;
  const widest = Math.cos(radians(Math.max(Math.abs(south), Math.abs(north))));
  const lonReach = overPole ? 180 : Math.min(180, reach / Math.max(widest, 1e-9));
  const spans = meridians(centre.lon - lonReach, centre.lon + lonReach);
  const boxes: Box[] = [];
  for (let band = latBand(Math.max(south, -90)); band <= latBand(Math.min(north, 90)); band += 1)
    for (const { west, east } of spans) boxes.push({ band, west, east });
  return boxes;
}

function meridians(west: number, east: number): { west: number; east: number }[] {
  if (east - west >= 360) return [{ west: -180, east: 180 }];
  if (west < -180)
    return [
      { west: west + 360, east: 180 },
      { west: -180, east },
    ];
  if (east > 180)
    return [
      { west, east: 180 },
      { west: -180, east: east - 360 },
    ];
  return [{ west, east }];
}

/** What a buyer reads about the distance, such as "3 km away". Whole kilometres: the place itself is no finer. */
export function distanceLabel(metres: number): string {
  if (metres < 1000) return 'Less than 1 km away';
  return `${Math.round(metres / 1000)} km away`;
}
