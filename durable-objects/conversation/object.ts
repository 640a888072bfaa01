import { DurableObject } from 'cloudflare:workers';

/** One conversation: its messages in a dense sequence, its sockets, its cursors. */
export class Conversation extends DurableObject<Env> {
  override async fetch(): Promise<Response> {
    return new Response(null, { status: 503 });
  }
}
