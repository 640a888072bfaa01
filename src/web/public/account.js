/** Where the links of mails lead. The token stands behind the #, so no server and no referrer ever sees it. */
import { byId } from './dom.js';

const [purpose, token] = location.hash.slice(1).split('=', 2).map(decodeURIComponent);
history.replaceState(null, '', location.pathname);

const say = (text) => {
  byId('message').textContent = text;
};

async function post(path, body) {
  const answer = await fetch(`/api/v1/auth/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const detail = answer.ok ? null : (await answer.json().catch(() => ({}))).detail;
  return { isOk: answer.ok, detail: detail ?? 'That did not work. Try again.' };
}

if (purpose === 'verify' && token) {
  const { isOk, detail } = await post('verify-email', { token });
  say(isOk ? 'Your address is confirmed.' : detail);
} else if (purpose === 'reset' && token) {
  say('Choose a new password. It signs you out everywhere.');
  const form = byId('reset');
  form.hidden = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { isOk, detail } = await post('reset-password', { token, new_password: byId('password').value });
    say(isOk ? 'Your password is set. You can sign in with it.' : detail);
    form.hidden = isOk;
  });
} else say('Follow the link of a mail to come here.');
