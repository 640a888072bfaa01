import { composeOnce } from './composition.ts';
import { handleRequest } from './http/entry.ts';
import { consumeQueue } from './jobs/queues.ts';
import { runSchedule } from './jobs/schedule.ts';

export { Channel } from '../durable-objects/channel/object.ts';
export { Conversation } from '../durable-objects/conversation/object.ts';
export { OrderBook } from '../durable-objects/order-book/object.ts';
export { SocketCommands } from './loopback.ts';

export default {
  fetch: (request, env, ctx) => handleRequest(composeOnce(env), request, env, ctx),
  queue: (batch, env) => consumeQueue(composeOnce(env).deps, batch),
  scheduled: (controller, env) => runSchedule(composeOnce(env).deps, controller.scheduledTime),
} satisfies ExportedHandler<Env>;
