/** SVG paths in a 24×24 view box. */
const drawings = {
  add: 'M12 5v14M5 12h14',
  attach: 'm20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 4.8 4.8l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4l7.7-7.7',
  back: 'M15 5l-7 7 7 7',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h10v10H9zM15 9V5H5v10h4',
  down: 'M12 5v14m-6-6 6 6 6-6',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  keyboard: 'M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8',
  logout: 'M10 4H5v16h5M15 8l4 4-4 4M19 12H9',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  moon: 'M20 14.5A8 8 0 0 1 9.500 4 8 8 0 1 0 20 14.500Z',
  open: 'm9 6 6 6-6 6',
  question: 'M9 9.500a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.100-1.500 2.400M12 18h.01',
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  retry: 'M4 12a8 8 0 1 1 2.500 5.800M4 18v-5h5',
  screen: 'M3 5h18v11H3zM9 20h6M12 16v4',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l4 4',
  send: 'M12 20V5m-6 6 6-6 6 6',
  settings:
    'M4 7h9M17 7h3M4 17h3M11 17h9M15 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM9 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z',
  stop: 'M7 7h10v10H7z',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600 7 7M17 17l1.400 1.400M18.400 5.600 17 7M7 17l-1.400 1.400',
  timeline: 'M6 5v14M6 7h.01M6 12h.01M6 17h.01M10 7h9M10 12h6M10 17h8',
  tool: 'M14.500 6.500a4 4 0 0 1 5 5L17 10l-1.500-1.500zM15.500 8.500 5 19',
  download: 'M12 4v11m-5-5 5 5 5-5M5 20h14',
  file: 'M14 3H6v18h12V7zM14 3v4h4M9 12h6M9 16h6',
  folder: 'M3 6h6l2 3h10v10H3z',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M9 9.500h.01',
  globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18',
  list: 'm3 6 1.500 1.500L7 5M3 13l1.500 1.500L7 12M10 6h11M10 13h11M10 20h11M4 20h2',
  thought: 'M9 18h6M10 21h4M12 3a6 6 0 0 0-3.500 10.900c.6.5 1 1.300 1 2.100h5c0-.8.4-1.600 1-2.100A6 6 0 0 0 12 3Z',
  warning: 'M12 4 2.500 20h19zM12 10v5M12 17.500h.01',
} as const;

export type IconName = keyof typeof drawings;

/** Hidden from screen readers: use it next to text or in a labelled button. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg className={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
    <path d={drawings[name]} />
  </svg>
);
