// What can't be drawn is replaced by `instead`, and takes nothing else with it; another `of` is another try. Around each
// part that shows what other people wrote: one message must not take a room from everybody.
import { Component, type ComponentChildren } from 'preact';

interface Props {
  of: unknown;
  instead: ComponentChildren;
  children: ComponentChildren;
}

interface State {
  of: unknown;
  failed: boolean;
}

export class Boundary extends Component<Props, State> {
  override state: State = { of: this.props.of, failed: false };

  static override getDerivedStateFromProps(props: Props, state: State): State | null {
    return props.of === state.of ? null : { of: props.of, failed: false };
  }

  static override getDerivedStateFromError(): Partial<State> {
    return { failed: true };
  }

  override render({ instead, children }: Props, { failed }: State) {
    return failed ? instead : children;
  }
}
