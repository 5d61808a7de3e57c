import { Suspense, useState } from 'react';
import { Link, Redirect, useLocation } from 'wouter';
import { ErrorBoundary } from '../components/errorBoundary.tsx';
import { Loading } from '../components/states.tsx';
import { useMe } from '../me.ts';
import { areaOf, type SettingsArea, settingsAreas, type SettingsPage, settingsPages } from '../settings.ts';
import { Bar } from '../shell/bar.tsx';
import { Combobox } from '../ui/combobox.tsx';
import { Segments, TextField } from '../ui/fields.tsx';

const areas = Object.keys(settingsAreas) as SettingsArea[];
const addressOf = ({ path }: SettingsPage) => `/settings/${path}`;

/** The navigation can be longer than the window. */
const scrollIntoView = (link: HTMLElement | null) => link?.scrollIntoView({ block: 'nearest' });

/** Every typed word is the beginning of a word of the title, the group or a keyword. */
function isFound({ title, group, keywords = '' }: SettingsPage, search: string): boolean {
  const words = `${title} ${group} ${keywords}`.toLowerCase().split(/[\s-]+/);
  const typed = search.toLowerCase().split(/[\s-]+/);
  return typed.every((each) => words.some((word) => word.startsWith(each)));
}

const groupsOf = (pages: readonly SettingsPage[], area: SettingsArea) =>
  settingsAreas[area]
    .map((group) => ({ group, pages: pages.filter((each) => each.group === group) }))
    .filter((entry) => entry.pages.length > 0);

/** Layout and navigation of the settings pages. `address` is the path of a page, or `path/id` for one thing on it. */
export default function Settings({ address }: { address: string }) {
  const [path = '', id] = address.split('/');
  const [, navigate] = useLocation();
  const me = useMe().data;
  const shown = settingsPages.filter(({ shownTo }) => !shownTo || (me !== undefined && shownTo(me)));
  const page = settingsPages.find((each) => each.path === path);
  if (!page) return <Redirect to={addressOf(settingsPages[0]!)} replace />;
  const options = areas.flatMap((area) => groupsOf(shown, area));
  return (
    <>
      <Bar title="Settings" />
      <div className="settings-chooser">
        <Combobox
          label="Page"
          hideLabel
          value={path}
          search="Search settings…"
          onChange={(next) => navigate(`/settings/${next}`)}
          options={options.map(({ group, pages }) => ({
            label: group,
            options: pages.map((each) => ({ value: each.path, label: each.title, keywords: [each.keywords ?? ''] })),
          }))}
        />
      </div>
      <div className="settings">
        <Navigation pages={shown} page={page} />
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

/** The pages of an area in groups, or those of all areas that a search finds. */
function Navigation({ pages, page }: { pages: readonly SettingsPage[]; page: SettingsPage }) {
  const [, navigate] = useLocation();
  const [search, type] = useState('');
  const wanted = search.trim();
  const found = pages.filter((each) => isFound(each, wanted));
  const area = areaOf(page);
  const groups = wanted ? areas.flatMap((each) => groupsOf(found, each)) : groupsOf(pages, area);
  const hasAreas = pages.some((each) => areaOf(each) === 'Platform');
  const toArea = (next: SettingsArea) => navigate(addressOf(pages.find((each) => areaOf(each) === next)!));
  return (
    <nav aria-label="Settings">
      <TextField
        label="Search settings"
        hideLabel
        type="search"
        placeholder="Search settings"
        value={search}
        onChange={({ currentTarget }) => type(currentTarget.value)}
        onKeyDown={({ key }) => {
          const [first] = found;
          if (key === 'Enter' && wanted && first) navigate(addressOf(first));
        }}
      />
      {hasAreas && !wanted && (
        <Segments label="Area" hideLabel value={area} onChange={toArea} options={areas.map((each) => [each, each] as const)} />
      )}
      <div className="pages">
        {groups.map(({ group, pages: inGroup }) => (
          <section key={group} aria-labelledby={`settings-${group.replaceAll(' ', '-')}`}>
            <h2 id={`settings-${group.replaceAll(' ', '-')}`}>{group}</h2>
            {inGroup.map((each) => (
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
        {groups.length === 0 && <p className="muted small">No page matches.</p>}
      </div>
    </nav>
  );
}
