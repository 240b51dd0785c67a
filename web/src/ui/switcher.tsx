// Jump to a room or person by a part of the name; what has something unread comes first.
import { useSignal } from '@preact/signals';
import type { Conversation } from '../protocol/types.gen';
import { use_app, write_in } from './context';
import { Dialog, use_close } from './dialog';
import { Avatar, Icon } from './parts';
import { ordered_convs, unread_of } from './rail';
import { route } from './route';

export function Switcher() {
  const app = use_app();
  const close = use_close();
  const words = useSignal('');
  const at = useSignal(0);
  const { rooms, people } = ordered_convs(app.chat.convs.value.values());
  const wanted = words.value.trim().toLowerCase();
  const by_unread = (a: Conversation, b: Conversation) => Number(unread_of(b) > 0) - Number(unread_of(a) > 0);
  const hits = [...rooms, ...people]
    .filter((conv) => conv.name.includes(wanted))
    .sort(by_unread)
    .slice(0, 9);
  const chosen = Math.min(at.value, hits.length - 1);
  const take = (conv: Conversation | undefined) => {
    if (!conv) return;
    close();
    write_in(conv.conv);
  };
  const on_key = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && hits.length > 0) {
      event.preventDefault();
      at.value = (chosen + step + hits.length) % hits.length;
    } else if (event.key === 'Enter') {
      event.preventDefault();
      take(hits[chosen]);
    }
  };
  return (
    <Dialog label="Jump to" class="switcher" titled={false}>
      <div class="with-icon">
        <Icon name="search" />
        <label class="vh" for="switch-to">
          Room or person
        </label>
        <input
          class="input"
          id="switch-to"
          autofocus
          autocomplete="off"
          placeholder="Room or person"
          role="combobox"
          aria-expanded={hits.length > 0}
          aria-controls="switch-list"
          aria-activedescendant={hits.length > 0 ? `switch-${chosen}` : undefined}
          value={words.value}
          onInput={(event) => {
            words.value = event.currentTarget.value;
            at.value = 0;
          }}
          onKeyDown={on_key}
        />
      </div>
      {hits.length > 0 ? (
        <ul id="switch-list" role="listbox" aria-label="Results">
          {hits.map((conv, index) => (
            <li
              key={conv.conv}
              id={`switch-${index}`}
              role="option"
              aria-selected={index === chosen}
              onClick={() => take(conv)}
            >
              {conv.kind === 'room' ? <Icon name="hash" small /> : <Avatar uid={conv.name} name={conv.name} size="s" />}
              <span>{conv.name}</span>
              <small>
                {unread_of(conv) > 0
                  ? `${unread_of(conv)} unread`
                  : route.value.page === 'conv' && route.value.conv === conv.conv
                    ? 'here'
                    : ''}
              </small>
            </li>
          ))}
        </ul>
      ) : (
        <p class="none-yet pad" role="status">
          Nothing for “{words.value}”. Make a room or write to a person with the plus signs in the list.
        </p>
      )}
    </Dialog>
  );
}
