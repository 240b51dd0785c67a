// Keys that an input method uses to write (Japanese, Chinese, Korean) are not keys of the page. Safari tells of the Enter
// that ends a composition only by its old code, when the composition is over already.
export const is_composing = (event: KeyboardEvent) => event.isComposing || event.keyCode === 229;

// In one place for the whole page, before anything else hears of the key: no box, list, dialog or shortcut takes it. Returns
// what ends it.
export function leave_keys_to_input_methods(): () => void {
  const on_key = (event: KeyboardEvent) => {
    if (!is_composing(event)) return;
    event.stopImmediatePropagation();
    // What the browser itself makes of these: a form is sent, a dialog closed.
    if (event.key === 'Enter' || event.key === 'Escape') event.preventDefault();
  };
  addEventListener('keydown', on_key, true);
  return () => removeEventListener('keydown', on_key, true);
}
