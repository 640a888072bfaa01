import { bodyOf, request, type TestUser } from './accounts.ts';

export interface TestListing {
  id: string;
  title: string;
  description: string;
  price_cents: number;
  currency: string;
  status: string;
  channel: string;
  views: number;
  version: number;
  tags: string[];
  seller: { id: string; username: string; display_name: string };
  category: { id: string; slug: string; name: string };
  location: {
    lat: number | null;
    lng: number | null;
    neighborhood: string;
    city: string;
    is_exact: boolean;
  } | null;
  photos: TestPhoto[];
  photo: TestPhoto | null;
  price_history: { from_cents: number; to_cents: number }[];
  owner_terms: Record<string, unknown> | null;
  allowed_actions: string[];
  listed_at: string | null;
  expires_at: string | null;
  distance_m: number | null;
  distance_label: string | null;
}

export interface TestPhoto {
  id: string;
  url: string;
  alt: string;
  position: number;
  primary: boolean;
}

export const LISTING = {
  title: 'Oak bookshelf',
  description: 'Five shelves, a scratch on the left side.',
  price_cents: 45_000,
  currency: 'AED',
  category_id: 'storage',
  condition: 'good',
};

/** A listing of this user, on sale unless the facts say otherwise. */
export async function createListing(
  { token }: TestUser,
  facts: Record<string, unknown> = {},
): Promise<TestListing> {
  const response = await request('/api/v1/listings', { token, json: { ...LISTING, ...facts } });
  if (response.status !== 201) throw new Error(`no listing: ${await response.text()}`);
  return bodyOf<TestListing>(response);
}

export const readListing = async (id: string, token?: string): Promise<TestListing> => {
  const response = await request(`/api/v1/listings/${id}`, { token });
  if (response.status !== 200) throw new Error(`cannot read ${id}: ${response.status}`);
  return bodyOf<TestListing>(response);
};
