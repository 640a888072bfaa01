declare namespace Cloudflare {
  interface Env {
    /** The D1 migrations, handed to the setup file of the tests. */
    TEST_MIGRATIONS: import('@cloudflare/vitest-pool-workers').D1Migration[];
  }
}

declare module '*?raw' {
  const text: string;
  export default text;
}
