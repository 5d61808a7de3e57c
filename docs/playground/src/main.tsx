import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ArkloopProvider } from '../../../client/react/index.ts';
import { App } from './app.tsx';
import { client, queries, restoreSession } from './session.ts';
import { applyTheme } from './theme.ts';
import { Toasts } from './ui/toasts.tsx';
import { TooltipProvider } from './ui/tooltip.tsx';

applyTheme();
void restoreSession();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ArkloopProvider client={client}>
        <TooltipProvider>
          <App />
          <Toasts />
        </TooltipProvider>
      </ArkloopProvider>
    </QueryClientProvider>
  </StrictMode>,
);
