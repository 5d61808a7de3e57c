import { Component, type ReactNode } from 'react';
import { Button } from './buttons.tsx';
import { ErrorNotice } from './states.tsx';

/** Shows what broke below it instead of an empty page; a chunk of an older build, for one, is gone after an upgrade. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div className="door">
        <main>
          <h1>Something broke</h1>
          <ErrorNotice error={error} />
          <Button kind="primary" icon="retry" onClick={() => location.reload()}>
            Load the page again
          </Button>
        </main>
      </div>
    );
  }
}
