import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ArkloopProvider } from '../../../client/react/index.ts';
import { App } from './app.tsx';
import { Toasts } from './components/toasts.tsx';
import { client, queries, restoreSession } from './session.ts';
import { applyTheme } from './theme.ts';

applyTheme();
void restoreSession();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ArkloopProvider client={client}>
        <App />
        <Toasts />
      </ArkloopProvider>
    </QueryClientProvider>
  </StrictMode>,
);
