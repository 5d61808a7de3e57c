import { type ComponentType, lazy, Suspense } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { ErrorBoundary } from './components/errorBoundary.tsx';
import { useTitle } from './components/page.tsx';
import { Empty, Loading } from './components/states.tsx';
import { restoreSession, useSession } from './session.ts';
import { Bar } from './shell/bar.tsx';
import { SecondFactorGuard } from './shell/secondFactorGuard.tsx';
import { Shell } from './shell/shell.tsx';
import { Button, ButtonLink } from './ui/buttons.tsx';

const Chat = lazy(() => import('./pages/chat.tsx'));
const Settings = lazy(() => import('./pages/settings.tsx'));
const SignIn = lazy(() => import('./pages/signIn.tsx'));
const SignUp = lazy(() => import('./pages/signUp.tsx'));
const Setup = lazy(() => import('./pages/setup.tsx'));
const Verify = lazy(() => import('./pages/verify.tsx'));
const Invitation = lazy(() => import('./pages/people/invitation.tsx'));
const Authorized = lazy(() => import('./pages/tools/authorized.tsx'));
const ProviderCallback = lazy(() => import('./pages/identity/callback.tsx'));
const Shared = lazy(() => import('./pages/shared/page.tsx'));

/** The routes. The first ones need no session. */
export const App = () => (
  <ErrorBoundary>
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/setup" component={Setup} />
        <Route path="/verify" component={Verify} />
        <Route path="/s/:token">{({ token }) => <Shared token={token} key={token} />}</Route>
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
  return (
    <Switch>
      <Route path="/oauth/sign-in/:id">{({ id }) => <ProviderCallback id={id} />}</Route>
      <Route>{session === 'out' ? <SignedOutRoutes /> : <WithSession />}</Route>
    </Switch>
  );
}

const WithSession = () => (
  <Switch>
    <Route path="/invitations/:token">{({ token }) => <Invitation token={token} />}</Route>
    <Route path="/oauth/mcp/:id">{({ id }) => <Authorized id={id} />}</Route>
    <Route>
      <SignedInRoutes />
    </Route>
  </Switch>
);

/** Sign-in keeps the path, so that the user sees the requested page afterwards. */
const SignedOutRoutes = () => (
  <Switch>
    <Route path="/sign-up" component={SignUp} />
    <Route component={SignIn as ComponentType} />
  </Switch>
);

const SignedInRoutes = () => (
  <Shell>
    <Suspense fallback={<Loading />}>
      <SecondFactorGuard>
        <Switch>
          <Route path="/">
            <Chat />
          </Route>
          <Route path="/chat/:threadId">{({ threadId }) => <Chat threadId={threadId} key={threadId} />}</Route>
          <Route path="/settings/*?">{(params) => <Settings address={params['*'] ?? ''} />}</Route>
          <Route path={/^\/sign-(in|up)$/}>
            <Redirect to="/" replace />
          </Route>
          <Route component={NoSuchPage} />
        </Switch>
      </SecondFactorGuard>
    </Suspense>
  </Shell>
);

function NoSuchPage() {
  useTitle('Page not found');
  return (
    <>
      <Bar title="" />
      <div className="column">
        <Empty title="Page not found" action={<ButtonLink href="/">New chat</ButtonLink>}>
          The address may be mistyped, or the page no longer exists.
        </Empty>
      </div>
    </>
  );
}

const Unreachable = () => (
  <div className="door">
    <main>
      <div>
        <h1>The server is not responding</h1>
        <p className="intro">It may be starting. You stay signed in.</p>
      </div>
      <Button kind="primary" icon="retry" onClick={() => void restoreSession()}>
        Try again
      </Button>
    </main>
  </div>
);
