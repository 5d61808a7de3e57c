import { Component, type ReactNode } from 'react';

/** Renders `fallback` if the children cannot be rendered: after an upgrade, a file that is loaded on demand may be missing. */
export class Fallback extends Component<{ fallback: ReactNode; children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    return this.state.hasFailed ? this.props.fallback : this.props.children;
  }
}
