import { createRoutes } from '../../http/factory.ts';

export const marketRoutes = createRoutes();
