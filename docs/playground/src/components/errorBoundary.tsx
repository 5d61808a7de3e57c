import { Component, type ReactNode } from 'react';
import { Button } from '../ui/buttons.tsx';
import { ErrorNotice } from './states.tsx';

/** Shows rendering errors. A typical one: after an upgrade, a lazily loaded chunk of the old build is missing. */
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
          <h1>Something went wrong</h1>
          <ErrorNotice error={error} />
          <Button kind="primary" icon="retry" onClick={() => location.reload()}>
            Reload the page
          </Button>
        </main>
      </div>
    );
  }
}
