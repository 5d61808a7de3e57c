import { Suspense } from 'react';
import { Link, Redirect, useLocation } from 'wouter';
import { ErrorBoundary } from '../components/errorBoundary.tsx';
import { Loading } from '../components/states.tsx';
import { useMe } from '../me.ts';
import { type SettingsPage, settingsPages } from '../settings.ts';
import { Bar } from '../shell/bar.tsx';
import { Select } from '../ui/select.tsx';

const groups = ['You', 'Account', 'Platform'] as const;
const addressOf = ({ path }: SettingsPage) => `/settings/${path}`;

/** The navigation can be longer than the window. */
const scrollIntoView = (link: HTMLElement | null) => link?.scrollIntoView({ block: 'nearest' });

/** Layout and navigation of the settings pages. `address` is the path of a page, or `path/id` for one thing on it. */
export default function Settings({ address }: { address: string }) {
  const [path = '', id] = address.split('/');
  const [, navigate] = useLocation();
  const me = useMe().data;
  const shown = settingsPages.filter(({ shownTo }) => !shownTo || (me !== undefined && shownTo(me)));
  const page = settingsPages.find((each) => each.path === path);
  if (!page) return <Redirect to={addressOf(settingsPages[0]!)} replace />;
  const rows = groups
    .map((group) => [group, shown.filter((each) => each.group === group)] as const)
    .filter(([, pages]) => pages.length > 0);
  return (
    <>
      <Bar title="Settings" />
      <div className="settings-chooser">
        <Select
          label="Page"
          hideLabel
          value={path}
          onChange={(next) => navigate(`/settings/${next}`)}
          options={rows.map(([label, pages]) => ({ label, options: pages.map((each) => ({ value: each.path, label: each.title })) }))}
        />
      </div>
      <div className="settings">
        <nav aria-label="Settings">
          {rows.map(([group, pages]) => (
            <section key={group} aria-labelledby={`settings-${group}`}>
              <h2 id={`settings-${group}`}>{group}</h2>
              {pages.map((each) => (
                <div className="nav-row" key={each.path}>
                  <Link
                    href={addressOf(each)}
                    aria-current={each === page ? 'page' : undefined}
                    ref={each === page ? scrollIntoView : undefined}
                  >
                    {each.title}
                  </Link>
                </div>
              ))}
            </section>
          ))}
        </nav>
        <div className="scroll">
          <ErrorBoundary key={address}>
            <Suspense fallback={<Loading />}>
              <page.Page id={id} />
            </Suspense>
          </ErrorBoundary>
        </div>
      </div>
    </>
  );
}
