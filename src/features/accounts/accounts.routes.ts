import { createRoutes } from '../../http/factory.ts';

export const accountsRoutes = createRoutes();

export const accountsAliases = createRoutes();
