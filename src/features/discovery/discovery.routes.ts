import { createRoutes } from '../../http/factory.ts';
import { favouritesRoutes } from './favourites.routes.ts';
import { followsRoutes } from './follows.routes.ts';
import { recommendationsRoutes } from './recommendations.routes.ts';
import { savedSearchesRoutes } from './saved-searches.routes.ts';
import { searchRoutes } from './search.routes.ts';
import { watchlistRoutes } from './watchlist.routes.ts';

/** How people find things, and how things find people (C.11, SL-41). */
export const discoveryRoutes = createRoutes();
discoveryRoutes.route('/', searchRoutes);
discoveryRoutes.route('/', savedSearchesRoutes);
discoveryRoutes.route('/', recommendationsRoutes);
discoveryRoutes.route('/', watchlistRoutes);
discoveryRoutes.route('/', favouritesRoutes);
discoveryRoutes.route('/', followsRoutes);
