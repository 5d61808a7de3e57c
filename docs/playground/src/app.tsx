import { type ComponentType, lazy, Suspense } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { Button } from './parts/buttons.tsx';
import { ErrorBoundary } from './parts/errorBoundary.tsx';
import { Loading } from './parts/states.tsx';
import { resume, useSession } from './session.ts';
import { Shell } from './shell/shell.tsx';

const Chat = lazy(() => import('./pages/chat.tsx'));
const Settings = lazy(() => import('./pages/settings.tsx'));
const SignIn = lazy(() => import('./pages/signIn.tsx'));
const SignUp = lazy(() => import('./pages/signUp.tsx'));
const Setup = lazy(() => import('./pages/setup.tsx'));
const Verify = lazy(() => import('./pages/verify.tsx'));

/** Every page by its path. The ones that need nobody come first; the rest is for who is signed in. */
export const App = () => (
  <ErrorBoundary>
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/setup" component={Setup} />
        <Route path="/verify" component={Verify} />
        <Route>
          <Guarded />
        </Route>
      </Switch>
    </Suspense>
  </ErrorBoundary>
);

function Guarded() {
  const session = useSession();
  if (session === 'unknown') return <p className="splash">Arkloop</p>;
  if (session === 'unreachable') return <Unreachable />;
  return session === 'in' ? <Inside /> : <Outside />;
}

/** Whoever goes to a page before signing in is there afterwards. */
const Outside = () => (
  <Switch>
    <Route path="/sign-up" component={SignUp} />
    <Route component={SignIn as ComponentType} />
  </Switch>
);

const Inside = () => (
  <Shell>
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/">
          <Chat />
        </Route>
        <Route path="/chat/:threadId">{({ threadId }) => <Chat threadId={threadId} key={threadId} />}</Route>
        <Route path="/settings/*?">{(params) => <Settings path={params['*'] ?? ''} />}</Route>
        <Route>
          <Redirect to="/" replace />
        </Route>
      </Switch>
    </Suspense>
  </Shell>
);

const Unreachable = () => (
  <div className="door">
    <main>
      <div>
        <h1>The server does not answer</h1>
        <p className="intro">It may be starting. Your session is kept.</p>
      </div>
      <Button kind="primary" icon="retry" onClick={() => void resume()}>
        Try again
      </Button>
    </main>
  </div>
);
