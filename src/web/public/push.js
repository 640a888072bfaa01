/** Asks the browser for pushes and tells the server where they go. Called by a page once its user wants them. */
const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));

/** True when pushes reach this browser from now on. `request` is a signed-in `(path, options) => Promise<Response>`. */
export async function enablePushes(request) {
  if (!('serviceWorker' in navigator) || !('PushManager' in globalThis)) return false;
  if ((await Notification.requestPermission()) !== 'granted') return false;
  const key = await request('/api/v1/push/vapid-key');
  if (!key.ok) return false;
  const { public_key: publicKey } = await key.json();
  const registration = await navigator.serviceWorker.register('/service-worker.js');
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytesOf(publicKey),
  });
  const answer = await request('/api/v1/push/subscriptions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
    body: JSON.stringify(subscription),
  });
  return answer.ok;
}
