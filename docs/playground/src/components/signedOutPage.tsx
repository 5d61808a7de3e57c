import type { ReactNode } from 'react';
import { Brand } from './brand.tsx';
import { useTitle } from './page.tsx';

/** Layout of pages without a session. */
export function SignedOutPage({
  title,
  intro,
  children,
  aside,
}: {
  title: string;
  intro?: ReactNode;
  children: ReactNode;
  aside?: ReactNode;
}) {
  useTitle(title);
  return (
    <div className="door">
      <main>
        <Brand />
        <div>
          <h1>{title}</h1>
          {intro && <p className="intro">{intro}</p>}
        </div>
        {children}
        {aside && <p className="aside">{aside}</p>}
      </main>
    </div>
  );
}
