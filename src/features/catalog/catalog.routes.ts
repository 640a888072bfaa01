import { createRoutes } from '../../http/factory.ts';
import { imagesRoutes } from './images.routes.ts';
import { productsRoutes } from './products.routes.ts';
import { sizesRoutes } from './sizes.routes.ts';

/** The catalogue: products, sizes, stock and pictures (SN-07 to SN-12). Everybody reads, admins write. */
export const catalogRoutes = createRoutes();
catalogRoutes.route('/', productsRoutes);
catalogRoutes.route('/', sizesRoutes);
catalogRoutes.route('/', imagesRoutes);
