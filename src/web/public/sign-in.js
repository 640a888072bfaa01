/** The header's account corner and the sign-in dialog. */
import { finishSignIn, get, onUser, register, signIn, signOut } from './api.js';
import { byId, el } from './dom.js';

/** The accounts of a local demo: public, and shown only where the server says that it is one. */
const DEMO_NAMES = ['alice', 'bob', 'admin'];
const DEMO_PASSWORD = 'bourse-demo-2026';

export function createSignIn() {
  const dialog = byId('sign-in');
  const isDemo = get('/meta').then(
    ({ demo }) => demo,
    () => false,
  );

  const field = (label, attributes) =>
    el('label', {}, el('span', {}, label), el('input', { required: true, ...attributes }));

  function form(submitLabel, fields, work) {
    const message = el('p', { class: 'message', role: 'alert' });
    return el(
      'form',
      {
        async onsubmit(event) {
          event.preventDefault();
          const button = event.submitter;
          button.disabled = true;
          message.textContent = '';
          try {
            await work(Object.fromEntries(new FormData(event.target)));
          } catch (error) {
            message.dataset.kind = 'bad';
            message.textContent = error.message;
          } finally {
            button.disabled = false;
          }
        },
      },
      fields,
      el('button', { type: 'submit', class: 'primary' }, submitLabel),
      message,
    );
  }

  function fill(title, ...content) {
    dialog.replaceChildren(
      el(
        'div',
        { class: 'dialog-head' },
        el('h2', { id: 'sign-in-title' }, title),
        el('button', { type: 'button', class: 'link', onclick: () => dialog.close() }, 'Close'),
      ),
      ...content,
    );
    if (!dialog.open) dialog.showModal();
    dialog.querySelector('input').focus();
  }

  /** A right password is all, or the first of two steps. */
  async function enter(name, password) {
    const challenge = await signIn(name, password);
    if (challenge === null) dialog.close();
    else askForCode(challenge);
  }

  function askForCode(challenge) {
    fill(
      'One more step',
      el(
        'p',
        { class: 'quiet' },
        'Type the six digits that your authenticator app shows, or a recovery code.',
      ),
      form(
        'Sign in',
        [
          field('Code', {
            name: 'code',
            autocomplete: 'one-time-code',
            autocapitalize: 'off',
            maxlength: 24,
          }),
        ],
        async ({ code }) => {
          await finishSignIn(challenge, code);
          dialog.close();
        },
      ),
    );
  }

  async function show(mode) {
    const isNew = mode === 'register';
    const fields = isNew
      ? [
          field('E-mail', { name: 'email', type: 'email', autocomplete: 'email' }),
          field('Username', {
            name: 'username',
            autocomplete: 'username',
            pattern: '[A-Za-z0-9_.\\-]{3,30}',
          }),
          field('Password', { name: 'password', type: 'password', autocomplete: 'new-password' }),
        ]
      : [
          field('E-mail or username', { name: 'name', autocomplete: 'username' }),
          field('Password', { name: 'password', type: 'password', autocomplete: 'current-password' }),
        ];
    const demo = !isNew && (await isDemo);
    const work = async (values) => {
      if (!isNew) return enter(values.name, values.password);
      await register(values);
      dialog.close();
    };
    fill(
      isNew ? 'Create an account' : 'Sign in',
      form(isNew ? 'Create account' : 'Sign in', fields, work),
      el(
        'p',
        { class: 'quiet' },
        isNew ? 'You have one? ' : 'New here? ',
        el(
          'button',
          { type: 'button', class: 'link', onclick: () => show(isNew ? 'sign-in' : 'register') },
          isNew ? 'Sign in' : 'Create an account',
        ),
      ),
      demo
        ? el(
            'div',
            { class: 'demo' },
            el('p', { class: 'quiet' }, 'This is a local demo. Enter as:'),
            el(
              'div',
              { class: 'pair' },
              ...DEMO_NAMES.map((name) =>
                el(
                  'button',
                  {
                    type: 'button',
                    onclick: () => enter(`${name}@bourse.example`, DEMO_PASSWORD),
                  },
                  name,
                ),
              ),
            ),
          )
        : '',
    );
  }

  onUser((user) => {
    byId('account').replaceChildren(
      ...(user === null
        ? [el('button', { type: 'button', class: 'primary', onclick: () => show('sign-in') }, 'Sign in')]
        : [
            el('span', { class: 'who' }, user.display_name ?? user.username),
            el('button', { type: 'button', onclick: signOut }, 'Sign out'),
          ]),
    );
  });
  return { open: () => show('sign-in') };
}
