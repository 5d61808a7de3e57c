import { useCallback, useEffect, useRef, useState } from 'react';

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
