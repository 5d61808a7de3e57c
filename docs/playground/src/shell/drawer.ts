import { createContext, useContext } from 'react';

/** On a narrow page the sidebar is a drawer over it. */
export type Drawer = { isOpen: boolean; open(): void; close(): void };

export const DrawerContext = createContext<Drawer>({ isOpen: false, open() {}, close() {} });

/** The drawer of the page. */
export const useDrawer = (): Drawer => useContext(DrawerContext);
