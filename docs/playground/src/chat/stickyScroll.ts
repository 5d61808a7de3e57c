import { Component, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';

/** Keeps the end of growing content in view until the user scrolls up, and again after they scroll back to the end. */
export function useStickyScroll() {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const sticks = useRef(true);
  const [isAtEnd, setAtEnd] = useState(true);

  const stick = useCallback((next: boolean) => {
    sticks.current = next;
    setAtEnd(next);
  }, []);
  const toEnd = useCallback(() => {
    stick(true);
    const box = scroller.current;
    if (box) box.scrollTop = box.scrollHeight;
  }, [stick]);

  useEffect(() => {
    const box = scroller.current;
    if (!box || !content.current) return;
    let last = box.scrollTop;
    const follow = () => {
      if (!sticks.current) return;
      box.scrollTop = box.scrollHeight;
      last = box.scrollTop;
    };
    const scrolled = () => {
      const { scrollTop } = box;
      const left = box.scrollHeight - box.clientHeight - scrollTop;
      // Shrinking content also decreases scrollTop, but keeps the view at the end.
      if (scrollTop < last - 1 && left > 2) stick(false);
      else if (scrollTop >= last && left < 32) stick(true);
      last = scrollTop;
    };
    // React to `wheel` and not only to `scroll`: the next delta would scroll back before the first scroll event.
    const turned = ({ deltaY }: WheelEvent) => {
      if (deltaY < 0 && box.scrollHeight > box.clientHeight) stick(false);
    };
    const sizes = new ResizeObserver(follow);
    sizes.observe(content.current);
    sizes.observe(box);
    box.addEventListener('scroll', scrolled, { passive: true });
    box.addEventListener('wheel', turned, { passive: true });
    return () => {
      sizes.disconnect();
      box.removeEventListener('scroll', scrolled);
      box.removeEventListener('wheel', turned);
    };
  }, [stick]);

  return { scroller, content, isAtEnd, toEnd };
}

type EarlierRowsProps = { first: string | undefined; children: ReactNode };
type Place = { element: Element; top: number } | null;

/**
 * Keeps what is in view where it is when earlier messages are added above it: at the top of their container browsers do not. `first` is the key of
 * the first message. A class, because no hook is called before the document changes.
 */
export class EarlierRows extends Component<EarlierRowsProps> {
  override getSnapshotBeforeUpdate(before: EarlierRowsProps): Place {
    const element = document.querySelector('.transcript article');
    const hasOther = before.first !== undefined && before.first !== this.props.first;
    return hasOther && element ? { element, top: element.getBoundingClientRect().top } : null;
  }

  override componentDidUpdate(_before: EarlierRowsProps, _state: unknown, place: Place) {
    const box = place?.element.closest('.transcript');
    if (place && box) box.scrollTop += place.element.getBoundingClientRect().top - place.top;
  }

  override render() {
    return this.props.children;
  }
}
