import { createRoutes } from '../../http/factory.ts';

export const catalogRoutes = createRoutes();
