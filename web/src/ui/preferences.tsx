// Colours, the keys, and signing out.
import type { Theme } from '../state/device';
import { use_app } from './context';
import { Dialog, use_close } from './dialog';
import { Icon } from './parts';

const keys: [string, string][] = [
  ['Jump to a room or person', 'Ctrl K'],
  ['Next, previous conversation', 'Alt ↓ ↑'],
  ['Next unread', 'Alt Shift ↓'],
  ['Change your last message', '↑'],
  ['Between parts of the page', 'F6'],
  ['Back to the box', 'Esc'],
  ['On a message: change, delete, copy', 'E Del C'],
];

export function Preferences() {
  const app = use_app();
  const close = use_close();
  const themes: [Theme, string, string][] = [
    ['system', 'system', 'System'],
    ['light', 'sun', 'Light'],
    ['dark', 'moon', 'Dark'],
  ];
  return (
    <Dialog label="Preferences">
      <div class="in">
        <fieldset class="opt">
          <legend class="vh">Colours</legend>
          <p aria-hidden="true">Colours</p>
          <div class="seg">
            {themes.map(([theme, icon, words]) => (
              <label key={theme}>
                <input
                  type="radio"
                  name="theme"
                  checked={app.theme.value === theme}
                  onChange={() => (app.theme.value = theme)}
                />
                <Icon name={icon} small />
                {words}
              </label>
            ))}
          </div>
        </fieldset>
        <section class="keys only-l" aria-label="Keys">
          <dl>
            {keys.map(([what, key]) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>
                  {key.split(' ').map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
        {!app.outbox.durable && (
          <p class="warn-t">This browser keeps nothing for this site: what waits is lost when the page is closed.</p>
        )}
      </div>
      <footer>
        <span class="muted small-t">
          Signed in as <b>{app.session.value?.name}</b>
        </span>
        <button
          class="btn end"
          type="button"
          onClick={() => {
            close();
            void app.sign_out();
          }}
        >
          Sign out
        </button>
      </footer>
    </Dialog>
  );
}
