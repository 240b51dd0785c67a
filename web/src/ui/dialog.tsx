// The frame of every dialog: a native <dialog>, closed by Escape, by a click beside it, and by its own buttons.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { open_dialog } from './context';
import { IconButton } from './parts';

// Closes the dialog that it was made in, and says whether that was still the one on the page. The browser tells of a
// closed <dialog> in a later task, and a server answers later still: another one may have been opened in between.
export function use_close(): () => boolean {
  const opening = useRef(open_dialog.peek());
  return () => {
    if (open_dialog.peek() !== opening.current) return false;
    open_dialog.value = undefined;
    return true;
  };
}

export function Dialog(props: { label: string; class?: string; titled?: boolean; children: ComponentChildren }) {
  const close = use_close();
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = box.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={box}
      class={props.class}
      aria-label={props.label}
      onClose={close}
      onClick={(event) => {
        if (event.target === box.current) close();
      }}
    >
      {props.titled !== false && (
        <header>
          <h2>{props.label}</h2>
          <span class="row end">
            <IconButton icon="close" label="Close" onClick={close} />
          </span>
        </header>
      )}
      {props.children}
    </dialog>
  );
}
