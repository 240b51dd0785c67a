// The frame of every dialog: a native <dialog>, closed by Escape, by a click beside it, and by its own buttons.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { open_dialog } from './context';
import { IconButton } from './parts';

export const close = () => (open_dialog.value = undefined);

export function Dialog(props: { label: string; class?: string; titled?: boolean; children: ComponentChildren }) {
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
