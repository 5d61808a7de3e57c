import { type ReactNode, useEffect } from 'react';

type PageProps = { title: string; intro?: ReactNode; actions?: ReactNode; children: ReactNode };

/** A page of the settings: its heading, what it is for, and what can be made there. */
export function Page({ title, intro, actions, children }: PageProps) {
  useTitle(title);
  return (
    <article className="page">
      <header>
        <div>
          <h2>{title}</h2>
          {intro && <p>{intro}</p>}
        </div>
        {actions}
      </header>
      {children}
    </article>
  );
}

/** A part of a page, under a heading of its own. */
export const Section = ({ title, children }: { title: string; children: ReactNode }) => (
  <section className="section">
    <h3>{title}</h3>
    {children}
  </section>
);

/** Names the page in the title of the window. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Arkloop`;
  }, [title]);
}
