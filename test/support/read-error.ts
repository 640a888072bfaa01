/** What a refused promise said, causes included; empty when it was not refused. */
export async function refusalText(promise: PromiseLike<unknown>): Promise<string> {
  try {
    await promise;
    return '';
  } catch (error) {
    const said: string[] = [];
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) said.push(cause.message);
    return said.join(' <- ');
  }
}
