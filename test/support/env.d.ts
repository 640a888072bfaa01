declare namespace Cloudflare {
  interface Env {
    /** Real dialogues, one JSON object a line; empty where they are not at hand. */
    TEST_NEGOTIATIONS: string;
    /** The D1 migrations, handed to the setup file of the tests. */
    TEST_MIGRATIONS: import('@cloudflare/vitest-pool-workers').D1Migration[];
  }
}

declare module '*?raw' {
  const text: string;
  export default text;
}
