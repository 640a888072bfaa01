import { createRoutes } from '../../http/factory.ts';

export const systemRoutes = createRoutes();
