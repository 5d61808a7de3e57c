import { useEffect, useEffectEvent, useState } from 'react';

const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true;

/** Takes files that are dropped anywhere in the window. Returns whether files are dragged over it. */
export function useDropTarget(onFiles: (files: FileList) => void): boolean {
  const [isOver, setOver] = useState(false);
  const take = useEffectEvent(onFiles);
  useEffect(() => {
    const listeners = new AbortController();
    const { signal } = listeners;
    // Each element that is entered is left again.
    let depth = 0;
    const leave = () => {
      depth = 0;
      setOver(false);
    };
    const listen = (type: 'dragenter' | 'dragover' | 'dragleave' | 'drop', work: (event: DragEvent) => void) =>
      addEventListener(
        type,
        (event) => {
          if (!hasFiles(event)) return;
          event.preventDefault();
          work(event);
        },
        { signal },
      );
    listen('dragenter', () => {
      depth++;
      setOver(true);
    });
    listen('dragover', () => {});
    listen('dragleave', () => --depth <= 0 && leave());
    listen('drop', ({ dataTransfer }) => {
      leave();
      if (dataTransfer && dataTransfer.files.length > 0) take(dataTransfer.files);
    });
    return () => listeners.abort();
  }, []);
  return isOver;
}
