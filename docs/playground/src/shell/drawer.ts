import { createContext, useContext } from 'react';

/** On narrow screens the sidebar is a drawer over the page. */
export type Drawer = { isOpen: boolean; open(): void; close(): void };

export const DrawerContext = createContext<Drawer>({ isOpen: false, open() {}, close() {} });

export const useDrawer = (): Drawer => useContext(DrawerContext);
